"""What TeX's names stand for in Unicode."""

GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ϵ", "varepsilon": "ε", "zeta": "ζ", "eta": "η",
    "theta": "θ", "vartheta": "ϑ", "iota": "ι", "kappa": "κ", "varkappa": "ϰ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ",
    "omicron": "ο", "pi": "π", "varpi": "ϖ", "rho": "ρ", "varrho": "ϱ", "sigma": "σ", "varsigma": "ς", "tau": "τ",
    "upsilon": "υ", "phi": "ϕ", "varphi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω", "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ",
    "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ", "Upsilon": "Υ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω",
    "varGamma": "Γ", "varDelta": "Δ", "varSigma": "Σ", "varPhi": "Φ", "varPsi": "Ψ", "varOmega": "Ω",
}  # fmt: skip

# Set close to their neighbours.
PLAIN = {
    "infty": "∞", "partial": "∂", "nabla": "∇", "forall": "∀", "exists": "∃", "nexists": "∄", "emptyset": "∅",
    "varnothing": "∅", "ell": "ℓ", "hbar": "ℏ", "hslash": "ℏ", "imath": "ı", "jmath": "ȷ", "Re": "ℜ", "Im": "ℑ", "wp": "℘",
    "aleph": "ℵ", "beth": "ℶ", "angle": "∠", "triangle": "△", "square": "□", "Box": "□", "blacksquare": "■", "diamond": "⋄",
    "Diamond": "◇", "prime": "′", "backprime": "‵", "degree": "°", "top": "⊤", "bot": "⊥", "neg": "¬", "lnot": "¬",
    "surd": "√", "flat": "♭", "natural": "♮", "sharp": "♯", "clubsuit": "♣", "diamondsuit": "♦", "heartsuit": "♥",
    "spadesuit": "♠", "checkmark": "✓", "cmark": "✓", "xmark": "✗", "dagger": "†", "ddagger": "‡", "dag": "†", "ddag": "‡",
    "S": "§", "P": "¶", "copyright": "©", "textregistered": "®", "texttrademark": "™", "pounds": "£", "euro": "€",
    "texteuro": "€", "yen": "¥", "ldots": "…", "dots": "…", "dotsc": "…", "dotsb": "⋯", "dotsm": "⋯", "cdots": "⋯",
    "hdots": "…", "textellipsis": "…", "vdots": "⋮", "ddots": "⋱", "int": "∫", "iint": "∬", "iiint": "∭", "oint": "∮",
    "sum": "∑", "prod": "∏", "coprod": "∐", "bigcup": "⋃", "bigcap": "⋂", "bigsqcup": "⨆", "bigvee": "⋁", "bigwedge": "⋀",
    "bigoplus": "⨁", "bigotimes": "⨂", "times": "×", "cdot": "·", "div": "÷", "ast": "∗", "star": "⋆", "bigstar": "★",
    "bullet": "•", "circ": "∘", "bigcirc": "○", "lceil": "⌈", "rceil": "⌉", "lfloor": "⌊", "rfloor": "⌋", "langle": "⟨",
    "rangle": "⟩", "lbrace": "{", "rbrace": "}", "lbrack": "[", "rbrack": "]", "vert": "|", "lvert": "|", "rvert": "|",
    "Vert": "‖", "lVert": "‖", "rVert": "‖", "backslash": "\\", "slash": "/", "odot": "⊙", "Sun": "☉", "sun": "☉",
    "arcsec": "″", "arcmin": "′", "micron": "μm", "ohm": "Ω", "AA": "Å", "aa": "å", "AE": "Æ", "ae": "æ", "OE": "Œ",
    "oe": "œ", "O": "Ø", "o": "ø", "L": "Ł", "l": "ł", "ss": "ß", "SS": "SS", "i": "ı", "j": "ȷ", "DH": "Ð", "dh": "ð",
    "TH": "Þ", "th": "þ", "NG": "Ŋ", "ng": "ŋ", "DJ": "Đ", "dj": "đ", "textendash": "–", "textemdash": "—",
    "textquoteleft": "‘", "textquoteright": "’", "textquotedblleft": "“", "textquotedblright": "”", "textbackslash": "\\",
    "textasciitilde": "~", "textasciicircum": "^", "textunderscore": "_", "textbar": "|", "textless": "<", "textgreater": ">",
    "textdegree": "°", "textbullet": "•", "textmu": "μ", "textdollar": "$", "textpm": "±", "texttimes": "×",
    "lbracket": "[", "guillemotleft": "«", "guillemotright": "»", "TeX": "TeX", "LaTeX": "LaTeX", "BibTeX": "BibTeX",
    "eg": "e.g.", "ie": "i.e.", "etal": "et al.", "quotedblbase": "„", "ddagg": "‡", "complement": "∁", "mho": "℧",
    "eth": "ð", "bigtriangleup": "△", "bigtriangledown": "▽", "triangledown": "▽", "lozenge": "◊",
}  # fmt: skip

# Set with a space on both sides: relations, arrows, and the operators that read better with air.
SPACED = {
    "pm": "±", "mp": "∓", "leq": "≤", "le": "≤", "leqslant": "≤", "geq": "≥", "ge": "≥", "geqslant": "≥", "neq": "≠",
    "ne": "≠", "lt": "<", "gt": ">", "ll": "≪", "gg": "≫", "lll": "⋘", "ggg": "⋙", "approx": "≈", "approxeq": "≊",
    "sim": "∼", "simeq": "≃", "cong": "≅", "equiv": "≡", "propto": "∝", "asymp": "≍", "doteq": "≐", "triangleq": "≜",
    "coloneqq": "≔", "eqqcolon": "≕", "lesssim": "≲", "gtrsim": "≳", "lessapprox": "⪅", "gtrapprox": "⪆", "prec": "≺",
    "succ": "≻", "preceq": "⪯", "succeq": "⪰", "in": "∈", "notin": "∉", "ni": "∋", "subset": "⊂", "supset": "⊃",
    "subseteq": "⊆", "supseteq": "⊇", "subsetneq": "⊊", "supsetneq": "⊋", "sqsubseteq": "⊑", "sqsupseteq": "⊒", "cup": "∪",
    "cap": "∩", "sqcup": "⊔", "sqcap": "⊓", "uplus": "⊎", "setminus": "∖", "smallsetminus": "∖", "wedge": "∧", "land": "∧",
    "vee": "∨", "lor": "∨", "oplus": "⊕", "ominus": "⊖", "otimes": "⊗", "oslash": "⊘", "to": "→", "rightarrow": "→",
    "longrightarrow": "⟶", "leftarrow": "←", "gets": "←", "longleftarrow": "⟵", "leftrightarrow": "↔",
    "longleftrightarrow": "⟷", "Rightarrow": "⇒", "implies": "⇒", "Longrightarrow": "⟹", "Leftarrow": "⇐",
    "Leftrightarrow": "⇔", "iff": "⇔", "Longleftrightarrow": "⟺", "mapsto": "↦", "longmapsto": "⟼", "hookrightarrow": "↪",
    "hookleftarrow": "↩", "twoheadrightarrow": "↠", "rightharpoonup": "⇀", "rightleftharpoons": "⇌", "uparrow": "↑",
    "downarrow": "↓", "updownarrow": "↕", "Uparrow": "⇑", "Downarrow": "⇓", "nearrow": "↗", "searrow": "↘", "leadsto": "⇝",
    "rightsquigarrow": "⇝", "xrightarrow": "→", "mid": "∣", "nmid": "∤", "parallel": "∥", "perp": "⊥", "models": "⊨",
    "vdash": "⊢", "dashv": "⊣", "vDash": "⊨", "Vdash": "⊩", "bowtie": "⋈", "rtimes": "⋊", "ltimes": "⋉", "wr": "≀",
    "trianglelefteq": "⊴", "triangleleft": "◁", "triangleright": "▷", "therefore": "∴", "because": "∵", "amalg": "⨿",
    "boxtimes": "⊠", "boxplus": "⊞", "nsim": "≁", "ncong": "≇", "nleq": "≰", "ngeq": "≱", "between": "≬",
}  # fmt: skip

# Upright names: a space where they meet a letter or a digit.
OPERATORS = frozenset({
    "log", "ln", "lg", "exp", "sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh",
    "coth", "min", "max", "inf", "sup", "lim", "limsup", "liminf", "arg", "argmin", "argmax", "deg", "det", "dim", "gcd",
    "hom", "ker", "Pr", "tr", "Tr", "rank", "span", "supp", "sgn", "sign", "diag", "mod", "poly", "polylog", "Var", "Cov",
    "vol", "ord", "erf", "softmax",
})  # fmt: skip

# The name of a font or of an environment that shows its argument; accents and scripts inside it still count.
SHOWN = frozenset({
    "emph", "textbf", "textit", "textrm", "texttt", "textsf", "textsc", "textsl", "textup", "textmd", "textnormal", "text",
    "mathrm", "mathbf", "mathit", "mathsf", "mathtt", "mathcal", "mathscr", "mathfrak", "mathnormal", "boldsymbol", "bm",
    "bf", "pmb", "operatorname", "operatorname*", "mbox", "hbox", "fbox", "underline", "uline", "ul", "textsubscript",
    "textsuperscript", "underbrace", "overbrace", "url", "path", "nolinkurl", "enquote", "centerline", "ensuremath", "boxed",
    "rm", "em", "it", "tt", "sf", "sc", "sl", "MakeUppercase", "uppercase", "lowercase", "mathop", "mathrel", "mathbin",
    "mathord", "text*", "textls", "si", "num", "ce",
})  # fmt: skip
SWITCHES = frozenset({
    "em", "bf", "it", "rm", "tt", "sf", "sc", "sl", "bfseries", "itshape", "ttfamily", "sffamily", "rmfamily", "scshape",
    "slshape", "upshape", "mdseries", "normalfont", "tiny", "scriptsize", "footnotesize", "small", "normalsize", "large",
    "Large", "LARGE", "huge", "Huge", "xspace", "noindent", "par", "centering", "displaystyle", "textstyle", "scriptstyle",
    "limits", "nolimits", "protect", "relax", "newline", "linebreak", "medskip", "smallskip", "bigskip", "newpage", "hfill",
    "null", "nonumber", "allowbreak", "nobreak", "unboldmath", "boldmath", "sloppy", "raggedright", "onecolumn", "twocolumn",
    "maketitle", "ignorespaces",
})  # fmt: skip
# A macro and what it points to vanish: a number or a key that only the paper itself can resolve.
DROPPED = frozenset({
    "cite", "citep", "citet", "citealp", "citealt", "citeauthor", "citeyear", "citeyearpar", "parencite", "textcite",
    "autocite", "nocite", "footcite", "label", "vspace", "hspace", "vspace*", "hspace*", "color", "phantom", "hphantom",
    "vphantom", "thanks", "pagestyle", "thispagestyle", "bibliography", "bibliographystyle", "index",
})  # fmt: skip
SPACES = {"quad": " ", "qquad": " ", "enspace": " ", "thinspace": " ", "space": " ", "enskip": " ", "nobreakspace": " "}
SIZES = frozenset({
    "left", "right", "middle", "big", "Big", "bigg", "Bigg", "bigl", "bigr", "Bigl", "Bigr", "biggl", "biggr", "Biggl",
    "Biggr", "bigm", "Bigm",
})  # fmt: skip

ACCENTS = {
    "'": "\u0301", "`": "\u0300", "^": "\u0302", '"': "\u0308", "~": "\u0303", "=": "\u0304", ".": "\u0307", "u": "\u0306",
    "v": "\u030c", "H": "\u030b", "c": "\u0327", "k": "\u0328", "r": "\u030a", "b": "\u0331", "d": "\u0323", "G": "\u030f",
    "hat": "\u0302", "widehat": "\u0302", "tilde": "\u0303", "widetilde": "\u0303", "bar": "\u0304", "overline": "\u0305",
    "vec": "\u20d7", "dot": "\u0307", "ddot": "\u0308", "check": "\u030c", "acute": "\u0301", "grave": "\u0300",
    "breve": "\u0306", "mathring": "\u030a", "overrightarrow": "\u20d7",
}  # fmt: skip
_DOUBLE = {"C": "ℂ", "H": "ℍ", "N": "ℕ", "P": "ℙ", "Q": "ℚ", "R": "ℝ", "Z": "ℤ", "1": "𝟙"}
DOUBLE_STRUCK = {
    **{chr(65 + k): chr(0x1D538 + k) for k in range(26)},
    **{chr(97 + k): chr(0x1D552 + k) for k in range(26)},
    **_DOUBLE,
}
# Names that most authors define alike, believed inside mathematics only.
CUSTOMARY = {"R": "ℝ", "N": "ℕ", "Z": "ℤ", "C": "ℂ", "Q": "ℚ", "E": "𝔼", "eps": "ε", "veps": "ε"}

SUBSCRIPT = dict(
    zip(
        "0123456789+-−=()aehijklmnoprstuvxβγρφχϕ",
        "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪᵩ",
        strict=True,
    )
)
SUPERSCRIPT = dict(
    zip(
        "0123456789+-−=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVWαβγδθιφχ",
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂᵅᵝᵞᵟᶿᶥᵠᵡ",
        strict=True,
    )
)
# Scripts that are signs of their own and need no marker.
SUBSCRIPT_SIGNS = {"⊙": "☉", "☉": "☉", "⊕": "⊕", "⋆": "⋆", "★": "★", "⊥": "⊥", "∥": "∥", "∗": "∗", "∞": "_∞"}
SUPERSCRIPT_SIGNS = {
    "∗": "*", "*": "*", "⋆": "⋆", "†": "†", "‡": "‡", "∘": "°", "°": "°", "′": "′", "″": "″", "⊤": "ᵀ", "⊥": "⊥", "×": "ˣ",
    "′′": "″", "c": "ᶜ", "⊕": "⊕", "∙": "•", "∞": "^∞",
}  # fmt: skip
