"""Stop words and instruction words of questions, folded as by `analysis.fold`.

Only questions are filtered; the index contains every word, so a question of one stop word still works.
The lists are the function words of the Snowball project's stop lists, shortened to those that
occur in questions. Words that are content in another listed language are left out.
Source: https://snowballstem.org/algorithms/ (BSD), English list extended by clitics and meeting fillers.
"""

from __future__ import annotations

from typing import Final

_ENGLISH = """
a about after again all also am an and any are as at be because been before being between both but by can
could d did do does doing don done down during each few for from further get gets getting got had has
have having he her here hers herself him himself his how i if in into is it its itself just ll m me more
most my myself no nor not of off on once only or other our ours ourselves out over own re s same she
should so some such t than that the their theirs them themselves then there these they this those through
to too under until up us ve very was we were what when where which while who whom whose why will with
would you your yours yourself yourselves um uh hmm mm
"""
_GERMAN = """
aber als am an auch auf aus bei bin bis bist da dann das dass dem den der des die dies diese dieser du
durch ein eine einem einen einer eines er es fur gegen hat hatte habe haben ich ihr ihre im in ist ja
kann mein mich mir mit nach nicht noch nun nur ob oder ohne sehr sein seine sich sie sind uber um und uns
unser von vor wann warum was wann weil wenn wer wie wir wird wo wurde zu zum zur
"""
_FRENCH = """
a au aux avec ce ces cette c d dans de des du elle en est et etait ete il ils j je l la le les leur lui
ma mais me mes moi mon n ne nos notre nous on ou par pas pour qu quand que quel quelle quelles quels qui
s sa se ses son sont sur ta te tes toi ton tu un une vos votre vous y pourquoi comment
"""
_SPANISH = """
al como con cual cuales cuando cuanto de del donde el ella ellos en era es esa ese eso esta este esto fue
ha han hay la las le les lo los me mi mis mas muy ni no nos o para pero por porque que quien se si sin
sobre son su sus te tu un una unos y ya
"""
_ITALIAN = """
al alla che chi ci come con cosa cui da dal dei del della delle di dove e ed era fu gli ha hanno ho i il
in io la le lei li lo loro lui ma mi ne nel nella non o per perche piu quale quando quanto quello questo
qui se si sono su sua suo tra tu un una
"""
_PORTUGUESE = """
ao aos as com como da das de do dos e ela ele em era essa esse esta este eu foi ha isso isto ja lhe mais
mas me meu minha na nao nas no nos o onde os ou para pela pelo por porque qual quando que quem se sem seu
sua so sobre um uma
"""
_DUTCH = """
aan al als bij dan dat de der deze die dit doch door een en er had heb heeft het hij hoe ik in is je kan
maar me met mij mijn naar niet nog nu of om onder ons ook op over te tot uit van veel voor waar waarom
wanneer wat we wel wie wij zal ze zich zij zijn zo zou
"""
_RUSSIAN = """
а без бы был была были было в вам вас во вот все вы где да для до его ее если же за и из или им их к как
какой когда которые кто ли мне мы на не него нее нет ни но о об он она они от по почему при с со так там
то тот ты у уже что чтобы это я
"""

STOP_WORDS: Final[frozenset[str]] = frozenset(
    " ".join((_ENGLISH, _GERMAN, _FRENCH, _SPANISH, _ITALIAN, _PORTUGUESE, _DUTCH, _RUSSIAN)).split()
) - frozenset("die war den fur as hat al done son pour chi ho ma main era fu".split())

ASKING_WORDS: Final[frozenset[str]] = frozenset(
    """
    discuss discussed discusses discussing discussion discussions ever make made meeting meetings mention mentioned
    mentions opinion opinions said say saying says summarise summarize summary talk talked talking tell tells
    think thinks thought thoughts told
    """.split()
)
"""English words that say what to do with the results rather than what to find; low weight."""
