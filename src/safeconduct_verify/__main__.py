"""`python -m safeconduct_verify FILE --trust trust.json`."""

import sys

from safeconduct_verify import main

sys.exit(main())
