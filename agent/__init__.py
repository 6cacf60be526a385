"""wellkeeper, the edge agent of a pump house; DESIGN section 3 says where a line belongs."""

import agent.lean  # noqa: F401  first: what follows imports dataclasses as it is then
