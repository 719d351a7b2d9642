"""What there is to say about a district file: mistakes, which must be mended, and findings, which people think about."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """Something that must be mended before the file can be taken; it says how."""

    line: int
    says: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.says}"


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """Something to know about a file that takes effect as it stands."""

    line: int
    says: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.says}"


Note = Mistake | Finding


class DistrictFileError(Exception):
    """The file has mistakes, and nothing was changed."""

    def __init__(self, mistakes: tuple[Mistake, ...]) -> None:
        super().__init__("\n".join(str(each) for each in mistakes))
        self.mistakes = mistakes
