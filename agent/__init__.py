"""wellkeeper, the edge agent of a pump house; DESIGN section 3 says where a line belongs."""
