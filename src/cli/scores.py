"""Scores of two spectra, printed."""

from __future__ import annotations

from collections.abc import Mapping


def score_text(score: float) -> str:
    """Return a score as it is printed: four decimals, NIST's match factors as whole numbers.

    Example:
        >>> from nextims.cli.scores import score_text
        >>> score_text(0.98765), score_text(912)
        ('0.9877', '912')
    """
    return str(score) if isinstance(score, int) else f"{score:.4f}"


def score_table(scores: Mapping[str, float]) -> str:
    """Return scores under each other.

    Example:
        >>> from nextims.cli.scores import score_table
        >>> print(score_table({"cosine": 0.98765, "nist_identity_match_factor": 912}))
          cosine                                0.9877
          nist_identity_match_factor               912
    """
    return "\n".join(f"  {name:<36}{score_text(score):>8}" for name, score in scores.items())
