"""`python -m agent.cli` is `wellkeeper`: how the supervisor starts its children."""

from agent.cli import main

raise SystemExit(main())
