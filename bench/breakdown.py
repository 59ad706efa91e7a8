"""Draw how a score is made: python bench/breakdown.py --corpus DIR > docs/ranking-breakdown.svg

Ranks the last seven days of a folder of daily answers for an invented reader (one text, three likes, the product's
configuration) and draws the first papers of the slate, each score as one bar cut into its terms.
"""

import argparse
import html
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.readers import BadCorpus, load
from digest.ranking import Choice, Configuration, ContentModel, Interest, Paper, Profile, Vote, rank

_WIDTH, _ROW, _SCALE = 760, 92, 250.0
_COLOURS = {
    "text": "#2f6f8f",
    "vote": "#b5651d",
    "votes together": "#d9a066",
    "less": "#8a3b3b",
    "trending": "#7a8b45",
    "freshness": "#9a9a9a",
}


def draw(choices: Sequence[Choice], titles: dict[int, str]) -> str:
    """An SVG of one bar for each choice."""
    scale = min(_SCALE, (_WIDTH - 90) / max(choice.score for choice in choices))
    height = _ROW * len(choices) + 16
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" viewBox="0 0 {_WIDTH} {height}"'
    lines = [
        f'{head} font-family="sans-serif" font-size="13" role="img" aria-label="Scores of papers, each cut into its terms">',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
    ]
    for row, choice in enumerate(choices):
        top, at, furthest = _ROW * row + 24, 16.0, 16.0
        title = titles[choice.paper]
        lines.append(
            f'<text x="16" y="{top}" fill="#222222">{html.escape(title if len(title) < 95 else title[:94] + "…")}</text>'
        )
        said = []
        for term in choice.terms:
            width = term.value * scale
            colour = _COLOURS.get(term.name, "#555555")
            # What takes away is a thin bar that goes back under the others.
            left, down, height_ = (at, 8, 20) if width >= 0 else (at + width, 29, 5)
            box = f'x="{left:.1f}" y="{top + down}" width="{abs(width):.1f}" height="{height_}"'
            lines.append(f'<rect {box} fill="{colour}" stroke="#ffffff" stroke-width="0.5"/>')
            said.append(f'<tspan fill="{colour}" font-weight="bold">{html.escape(term.name)} {term.value:+.2f}</tspan>')
            at += width
            furthest = max(furthest, at)
        lines.append(f'<text x="{furthest + 6:.1f}" y="{top + 23}" fill="#222222">{choice.score:.2f}</text>')
        lines.append(f'<text x="16" y="{top + 50}" fill="#222222" font-size="12">{" ".join(said)}</text>')
    return "\n".join([*lines, "</svg>", ""])


def _profile(papers: Sequence[Paper], text: str) -> Profile:
    liked = [paper for paper in papers if text in paper.title.lower()][:3]
    return Profile(
        key=1,
        interests=(Interest("interest:1", "text", text, text),),
        votes=tuple(Vote(f"vote:{paper.id}", "more", paper, paper.announced_at) for paper in liked),
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--corpus", type=Path, required=True, help="a folder of daily answers, YYYY-MM-DD.json")
    parser.add_argument("--text", default="video generation", help="what the reader typed (default: video generation)")
    asked = parser.parse_args()
    try:
        corpus = load(asked.corpus, 1)
    except BadCorpus as error:
        sys.stderr.write(f"{error}\n")
        return 2
    last = corpus.weeks[-1]
    profile = _profile(corpus.papers[: last.before], asked.text)
    (slate,) = rank(last.papers, [profile], Configuration(), last.ends, ContentModel.learn(corpus.papers))
    if not slate.choices:
        sys.stderr.write(f"nothing in the last week matches “{asked.text}”; try --text with other words\n")
        return 1
    sys.stdout.write(draw(slate.choices[:5], {paper.id: paper.title for paper in last.papers}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
