"""Every diagnostic's code and its name. A code that was released is never used for anything else.

R01 reading the text, R02 names, R03 types and units, R04 settings and options, R05 rules and
routes, R06 files and imports, R07 secrets and safety, R08 what serving needs, R09 not there yet.
"""

from types import MappingProxyType

CODES = MappingProxyType(
    {
        "R0101": "unexpected text",
        "R0102": "a form of another language",
        "R0103": "an unterminated text or expression",
        "R0104": "an unknown escape",
        "R0105": "a character that does not belong",
        "R0106": "an edition that is not known",
        "R0107": "an empty policy",
        "R0108": "a policy past its limits",
        "R0109": "a bracket that is never closed",
        "R0110": "a reserved word as a name",
        "R0201": "an unknown signal",
        "R0202": "an unknown model, pool or route",
        "R0203": "a name declared twice",
        "R0204": "an unknown upstream",
        "R0205": "an unknown strategy",
        "R0206": "a cycle",
        "R0207": "a `let` that hides a signal",
        "R0208": "an unused declaration",
        "R0209": "an unknown condition",
        "R0301": "a comparison across types",
        "R0302": "a literal that means nothing",
        "R0303": "an operator that the signal does not have",
        "R0304": "a value outside a closed list",
        "R0305": "a regular expression that does not compile",
        "R0306": "an empty range or list",
        "R0307": "a signal that needs a name, or takes none",
        "R0308": "a fact of a candidate out of its place",
        "R0401": "an unknown setting",
        "R0402": "a setting with a wrong value",
        "R0403": "a setting that is missing",
        "R0404": "a setting given twice",
        "R0405": "an option out of its place",
        "R0501": "a rule after `else`",
        "R0502": "a route that does not end in `else`",
        "R0503": "shares that do not make 100 %",
        "R0504": "a reject with a wrong status",
        "R0505": "a block without rules",
        "R0506": "the route `auto` in two places",
        "R0507": "braces on a target that takes none",
        "R0601": "a file that cannot be read",
        "R0602": "an import outside the policy",
        "R0603": "a file that is no UTF-8",
        "R0604": "a folder without policy files",
        "R0701": "a secret written out",
        "R0702": "a control character",
        # R08: what serving needs
        "R0801": "a policy without models to serve",
        "R0802": "a key that the environment lacks",
        "R0901": "a form that is not there yet",
    }
)
