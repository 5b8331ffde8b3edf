"""Documents say what the code does: generated pages are current, names exist, links lead on."""

import re
from pathlib import Path

import pytest

from safeconduct.node.vocabulary import VOCABULARY
from tools import gen_docs

ROOT = Path(__file__).resolve().parents[2]
DECISIONS = ROOT / "docs" / "decisions"
PAGES = sorted(
    path.relative_to(ROOT).as_posix() for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
)
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def prose_of(page: str) -> str:
    """A page without its code, in which brackets are not links."""
    text = re.sub(r"^(```|~~~).*?^\1", "", text_of(page), flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"`[^`\n]*`", "", text)


def anchors_of(page: str) -> set[str]:
    """The anchors of a page's headings, as forges make them."""
    found = set()
    for line in text_of(page).splitlines():
        if match := re.match(r"#+ (.*)", line):
            kept = re.sub(r"[^\w\- ]", "", match[1].lower())
            found.add(kept.replace(" ", "-"))
    return found


def leads(page: str, target: str) -> bool:
    """Whether a link's file is in this tree and has the heading that it names."""
    if "://" in target or target.startswith("mailto:"):
        return True
    path, _, anchor = target.partition("#")
    there = ((ROOT / page).parent / path).resolve() if path else ROOT / page
    if not there.is_relative_to(ROOT) or not there.exists():
        return False
    return not anchor or anchor in anchors_of(there.relative_to(ROOT).as_posix())


@pytest.mark.parametrize("page", sorted(gen_docs.DOCUMENTS))
def test_a_generated_page_is_byte_for_byte_what_the_code_says(page: str) -> None:
    assert text_of(page) == gen_docs.DOCUMENTS[page](), "run: .venv/bin/python tools/gen_docs.py"


@pytest.mark.parametrize("alias", sorted(VOCABULARY.by_alias))
def test_every_record_type_has_its_heading(alias: str) -> None:
    page = text_of("docs/records.md")
    assert f"### `{alias}`\n" in page
    kind = VOCABULARY.by_alias[alias]
    assert f"`{kind.name}`" in page
    section = page.split(f"### `{alias}`\n", 1)[1].split("\n#", 1)[0]
    missing = [field.name for field in kind.fields if f"| `{field.name}` |" not in section]
    assert not missing


@pytest.mark.parametrize("command", gen_docs.commands(), ids=lambda command: command.name)
def test_every_command_has_its_heading_and_each_parameter_its_words(
    command: gen_docs.Command,
) -> None:
    page = text_of("docs/cli.md")
    assert f"## `{command.name}`\n" in page
    assert command.text, "a command without words"
    assert not [item.names for item in command.parameters if not item.text]
    section = page.split(f"## `{command.name}`\n", 1)[1].split("\n## ", 1)[0]
    assert not [name for item in command.parameters for name in item.names if name not in section]


def test_every_environment_variable_of_the_code_is_a_setting() -> None:
    page = text_of("docs/settings.md")
    found = {
        name
        for path in (ROOT / "src").rglob("*.py")
        for name in re.findall(r"\bSAFECONDUCT_[A-Z_]+\b", path.read_text(encoding="utf-8"))
    }
    assert found
    assert not [name for name in sorted(found) if f"`{name}`" not in page]


def test_numbers_of_ours_are_found_and_each_has_its_row() -> None:
    found = gen_docs.ours()
    names = {(item.path, item.name) for item in found}
    assert ("src/safeconduct/watch/episode.py", "PAGE_EVERY_MS") in names
    assert ("src/safeconduct/tracking/presence.py", "AGREE_FIXES") in names, "words below another"
    page = text_of("docs/settings.md")
    assert not [item for item in found if f"| `{item.name}` | `{item.value}`" not in page]


def test_the_two_commands_of_the_readme_are_targets_of_the_makefile() -> None:
    readme, makefile = text_of("README.md"), text_of("Makefile")
    for target in ("demo", "test"):
        assert f"make {target}" in readme
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)


def test_every_make_target_that_a_page_names_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", text_of("Makefile"), re.MULTILINE))
    named = {
        (page, target)
        for page in PAGES
        for target in re.findall(r"(?:`|^ {4})make ([a-z]+)", text_of(page), re.MULTILINE)
    }
    assert not [item for item in sorted(named) if item[1] not in targets]


def test_every_decision_record_is_in_the_index_in_its_form() -> None:
    index = text_of("docs/decisions/README.md")
    found = sorted(DECISIONS.glob("[0-9][0-9][0-9][0-9]-*.md"))
    assert [path.name[:4] for path in found] == [f"{n:04d}" for n in range(1, len(found) + 1)]
    for path in found:
        text = path.read_text(encoding="utf-8")
        assert f"[{path.name[:4]}]({path.name})" in index
        title = re.match(r"# (\d{4})\. (.+)\n", text)
        assert title is not None
        assert title[1] == path.name[:4]
        assert f"| {title[2]} |" in index, "the index says the title as the record does"
        status = r"^Status: (in force|replaced by \d{4})\. \d{4}-\d\d-\d\d\.$"
        assert re.search(status, text, re.MULTILINE)
        heads = re.findall(r"^## (.+)$", text, re.MULTILINE)
        assert heads == ["Context", "Decision", "Consequences", "Rejected", "Code"]


@pytest.mark.parametrize("page", PAGES)
def test_links_between_documents_lead_somewhere(page: str) -> None:
    dead = [target for target in LINK.findall(prose_of(page)) if not leads(page, target)]
    assert not dead


def test_files_that_hand_written_pages_name_exist() -> None:
    """A path in backticks such as `node/lane.py` or `src/safeconduct/node/lane.py`."""
    bases = (ROOT, ROOT / "src", ROOT / "src" / "safeconduct")
    pages = ["ARCHITECTURE.md", "README.md", *(p for p in PAGES if p.startswith("docs/decisions/"))]
    dead = [
        (page, name)
        for page in pages
        for name in re.findall(
            r"`([a-z_.\-]+(?:/[a-z_0-9.\-]+)+\.(?:py|sql|yaml|md|csv|toml))`", text_of(page)
        )
        if not any((base / name).exists() for base in bases)
    ]
    assert not dead


def test_the_architecture_names_every_room() -> None:
    page = text_of("ARCHITECTURE.md")
    rooms = [path.parent.name for path in (ROOT / "src" / "safeconduct").glob("*/__init__.py")]
    assert rooms
    assert not [room for room in sorted(rooms) if f"| `{room}` |" not in page]


def test_the_glossary_names_every_record_type_act_and_mode() -> None:
    from safeconduct.kernel.records import MODES  # noqa: PLC0415
    from safeconduct.kernel.vocabulary import ACTS  # noqa: PLC0415

    page = text_of("GLOSSARY.md")
    words = [*VOCABULARY.by_alias, *ACTS, *MODES]
    assert not [word for word in words if f"| `{word}` |" not in page and f"| {word} |" not in page]


def test_the_glossary_has_each_word_in_three_languages_and_one_meaning() -> None:
    seen: dict[str, int] = {}
    for line in text_of("GLOSSARY.md").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("| ") or cells[0] in ("English", "---") or len(cells) < 4:
            continue
        assert re.search(r"[\u4e00-\u9fff]", cells[1]), line
        assert re.search(r"[\u0600-\u06ff]", cells[2]), line
        assert all(cells), line
        seen[cells[0]] = seen.get(cells[0], 0) + 1
    assert seen
    assert not [word for word, count in seen.items() if count > 1]
