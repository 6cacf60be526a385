"""Room rule: reads a table that a hydrologist can read. Knows no rule that stands in one."""


def rows(table: str) -> list[list[str]]:
    """The cells of each row, without its heading: they stand where the heading's words stand."""
    heading, *lines = [line for line in table.splitlines() if line.strip()]
    starts = [heading.index(word) for word in heading.split()]
    ends = [*starts[1:], None]
    for line in lines:
        assert all(line[start - 1 : start] in ("", " ") for start in starts[1:]), (
            f"a cell is wider than its column: {line}"
        )
    return [
        [line[start:end].strip() for start, end in zip(starts, ends, strict=True)] for line in lines
    ]
