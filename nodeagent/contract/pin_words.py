"""2048 short English words, no two with the same first four letters: eleven bits each, easy to say on the telephone.

Their order is part of the product: a word never moves, or a fingerprint would read differently on two versions.
"""

WORDS = tuple(
    """
aardvark abacus abandon abide ability abnormal about above abrupt absence absolute abstract academic access accident
account accurate achieve acid acorn acquire across action actor actual acute adapt addendum addition address
adequate adhere adjacent adjoin adjust admit adobe adoption adult advance adverb advice affect affix afraid afresh
after against agent agnostic agree ahead airmail airplane airy akin alarm alas alcove alert algebra alias alien
align alike alive alliance allow almost along alpha already alter although alto always ambient amiss amnesty amoeba
among amount analysis ancestor anchor ancient android angel angle angry angular animate annex annotate anon another
answer anybody anyhow anyone anything anyway apart apparent append apply approach aptitude arbiter archive area
arena argument arise armor arose around array arrive arrow artistic artwork ascend aside aspect assert assign assume
asterisk atlas atomic attach attempt attorney auburn audio augment august aural author auto autumn avail avenue
average avocado avoid await awake aware away awesome awful awkward awry axiom axis azure back bacon badge bagel bake
balance ball bamboo banana bandage bang banjo bank bark baron barrier baseline bash basic basket batch bath battery
beam bean beast because become beef beetle before began begin begun behavior behind beige believe bell below belt
bench bend benefit benign beside best beta between beware beyond bias bicycle bike bill binary bingo binomial bird
birthday bisect bison bite bitmap blank blast blend bless blew blink blob block blog blond bloom blossom blot blow
blue blur blush boat body bogus bold bolt bond bone bonnet bonus book boom boost boot border born borrow boss both
bottom bound bouquet bracket brain branch bravo breach brevity brew brick bridge brief bright bring bristle brittle
broad broccoli broom brought brown brush bubble bucket budget buff build bulb bulk bulletin bump bunch bundle bunk
burden burn bush busy button buzz bypass byte cable cache cactus cadence cake calendar call camera canary cancel
candy canon canvas capable cape capital capsule capture carbon cardinal care cargo carol carp carry cart cascade
case cast casual catalog catch category caught cause caution caveat cease cedar cellar central certain chain
champion change chaos chapel char chase chat cheap check cheetah cherry chestnut chew chicken child chin chip choice
choose chop chosen chromium chuck chunk churn cinema cipher circular citation citizen city claim clamp clan clap
clarity class clause claw clay clear clef clever click client cliff clip cloak clock clog clone close cloth cloud
cluck clue cluster clutter coalesce coat cocktail cocoa code coerce coexist coffee coherent coincide collect color
column combine come comfort common complete concrete conduct cone conflict connect constant continue convert cookie
cool cope copy coral core cork corn correct cosmetic cost count couple courier cousin coverage crab craft cram crate
crawl crayon create credit cricket crimson critical crop cross crow crucial crumble crunch crypt crystal cube cubic
cucumber cull culprit culture cure curl current cursor curve custom cycle cylinder daemon daft daily damage dance
danger dare dark dart dash data date datum daylight deadline deal dean debt debug decent decimal declare decode
dedicate deduce deem deep default defer define deflate degree deity delay delete deliver delta demand demote denote
dense depend depot depth derive describe desert design desktop despite detail detect develop device diagnose dialog
diamond diary dictate differ digit diminish direct ditch ditto divert divide dizzy document dodge doing dollar
dolphin domain dominant donation donor door double doughnut dove down dozen draft drag drain dramatic draw dress
dribble drift drill drive drop drum duck dump dupe duplex duration during dust duty dwarf dynamic each eager eagle
earlier earth ease easier east easy echo eclipse eddy edge edit effect effort eggplant eight either eject elect
elegant element elephant eleven elicit eligible ellipsis else email embed emboss emerald emission emit empathy
emphasis employ empty emulate enable enchant encircle enclose encode endless endorse energy enforce engine enhance
enjoy enlarge enough enquiry enrich enroll ensure entangle enter entire entry envelope epilogue epoch epsilon equal
erase error escape esoteric essence estimate ether evade evaluate even every evict evidence evolve exact example
except exchange exclude excuse executor exempt exercise exhaust exhibit exist exit exotic expand expect expire
explicit export express extend extra fabric facade face facility fact faculty fade fail faint fairy faith fake fall
false family fancy fang fantasy farm farther fashion fast father faulty favor fearful feature federal feedback feel
fence ferry festival fetch fiction fiddly fidelity field fifth figure file fill film filter final fine finger finish
fire firm first fish fist five fixation fixture flag flaky flamingo flash flat flavor flaw fledged flesh flexible
flick flight flip flit float flock flog floor floppy floss flow flush flute flux focus foggy fold folklore follow
font food foot forbid force foreign forfeit forget fork format forth forum forward found four fraction fragment
frame frank free french frequent fresh friction friend frog frolic front frost frown frozen fruit fudge fulfill full
function funny furlong further fuse fusion futile future fuzz gain gale gallery game gamma garlic gasp gateway
gather gauge gave gear gender general genie genuine geometry gift giraffe girl gist given glade glance gleam glen
glib glide global glossary glue gnat gnome goal gobble goblin going golden golf gone gonna goodbye gopher gorilla
govern grab grace gradient graft grain grammar grant graph grass gray green grew grey grid grin groovy gross group
grow guard guess guide guile guinea hack half halt handle happen hard harmless hash hassle hatch haven havoc hazel
head health heap heart heath heavy height held hello help hence hereby hesitate hexagon hidden hide high hill
himself hint history hoard hold hollow home honor hood hook hope horizon horn horrible hospital host hotel house
however huge human hundred hungry hunk hush hybrid hyphen icon idea identity ignore illegal illusion image imitate
immortal immune impact implicit import improve inactive inch include increase incur index indirect induce inert
infer infinite inflate info inherit inhibit initial inject innocent input inquire insert inside inspect instead
insulate intact internal invalid inverse invite invoke iota iris iron island isolate issue italic item iterate
itself ivory jade jargon jersey jigsaw join journal joystick judgment judicial jump junction junior just kangaroo
keen keep kernel keyboard keyword khaki kick kilobyte king kitty knife knob knoll koala label labor lack laid lame
lance land lane language large lark last late latitude latter launch lavender lawyer layout lead leaf leakage lean
leap learn least leave lecture left legacy legend lemon lend length lenient lens leopard less lest level levy
lexical liable liberal library license lieu life lift ligature light like limbo lime limit line linger link lint
liquid list literal little live loadable lobby local lock logic logo long look loop loose lord lore lose loss loud
love lozenge luck mace machine madden magenta magic magnet mailman maintain major make manage mandate manifest
manual many march margin mark maroon marshal mask mason massive match material math matrix matt mature maximum maybe
mean measure media megabyte melon member memory mention menu merchant mere merge mesh message metal method metric
middle midnight migrate mild million mime mimic mind mine minimum minority mint minus mirror mitigate mixture mobile
moccasin mock modal mode modifier module moment money monitor monk month moon moral moreover morsel mortar mosaic
motion mount mouse mouth movable move movie muck multiple muse mushroom music mutate mute mutual myself naive name
narrow native nature navigate navy near neat needle negative neighbor neither neon nest nettle network neutral never
newton next nice nick nifty nine ninth nobody node noise nominal noon normal north notation note nothing notice noun
novel novice nowadays nowhere null numeric nutshell oasis obey object oblique obscure observe obsolete obtain occur
ocean octal octopus official offload offset often okay olive omega omission omit once ongoing onion only onto onward
opaque open operator opinion opposite option oracle orange orchid order ordinary original ornament orphan other
outbound outcome outdated outline output outright outside over owing pacific package page paid paint palette
pamphlet panel panic parallel parent parity park parrot parse part password past patch patent path patience patrol
pattern payable payload payment peach pedal penalty penguin people percent perform perhaps period permit person
pertain phantom phone photo physical pick picture pike pile pilgrim pillow pink pipe pitch pitfall pitiful pivot
pizza plan platform play plenty plot pluck plug plural plus pocket poetry point poke polar policy pollute polygon
pony pool populate port pose position possible post potato pound power practice preamble precise predict prefix
prelude prepare present pretty prevent price primary print prior prism private problem process produce profile
program prohibit project prolog promote prone proof property prose protocol provide proxy prudent prune pseudo
public pull pulse pump punch punitive punk punt puppet purchase pure purge purpose push putty quality quantity query
question queue quick quiet quirk quite quote rabbit race racket radius railroad rainbow rake random range rank rapid
rare raster rate rather ratio raven raze razor reach readable real reap reason rebind rebound rebuild recall recent
recipe reclaim record recreate recur recycle redefine redirect redo redraw reduce refer refine reflect reformat
refresh refuse regard register regress regular reject rejoin relative release reliable reload rely remain remember
remind remnant remove rename reopen repair repeat replace report require reread rescue reset reside resolve response
restore result retain retire retrieve return reuse revamp reverse revision revoke rewind rework rewrite rhubarb
ribbon rice rich ride rigid rise risk river robin robot robust rocket rogue roman room rose rotate rough round
routine royalty ruby rule rusty safari safe sage said sake salmon salt same sample sandwich sane sanity sari satisfy
saturate save scalar scan scatter scenario scheme school science scope score scratch screen script scroll scrub seal
search seashell seat second secret section security seek segment select self semantic send sense sentence separate
sequence sergeant series sermon serpent service session settle several shadow shake shallow shape share sheet sheikh
shell shield shift shin ship shire short shot shout shove show shrink shrunk shuffle shutdown sideways sierra sieve
sigh sigma sign silent silicon silk silver similar simple simulate since sine single sink sixth size skeleton sketch
skew skill skin skip slab slack slang slash sled sleep slept slice slide slight slim slip slope slot slow slug small
smart smash smile smith smoke smooth smudge snail snake snapshot snare sneaky sniff snippet snowball soap society
socket sodium software solar sold solidity solo solution solve someone song soon sought sound soup southern space
span sparse spatial spawn speak special speed spell spent sphere sphinx spice spider spill spin spirit spit splash
split sponsor spool sport spot spread spring square squelch squid stable stack staff stage stale stamp standard
staple start state stay steam stem step steward sticky still stock stomp stone stop store strategy stream string
strong strut stuck studio stuff style subject submit subset subtle success suffix sugar suggest suitable summary
sunset superior support sure surface surname surprise surround survive suspend swallow swap sweep swift swig switch
syllable symbol symmetry symptom synopsis syntax system table tabulate tack tactic take talk tall tangent tape
target task taste taught teach team tell template tenacity tense tenth term terse test text thank thaw theme theory
thereby theta thick thing third thistle thorn though three thrift throw thumb thus tick tidier tidy tier tiff tiger
tight tilde tile till time timid tint tiny tire title today toga together toggle token told tolerant tomato tone
tongue took tool tooth topic topology torch tornado torque tortoise toss total touch toward track trade traffic
trait transfer trap traverse treat tree triangle tricky tried trigger trim trio trip trivial trout true truly
truncate trust truth tube tune tunnel turn turtle tutorial tweak tweet twelve twenty twice twig twin twitter tying
type typical ultimate ultra umbrella update upgrade upload upon upper upright upset upstream urban urgent usable
usage useful useless user using usual utility vacuum vague valid value valve vanilla variable varnish vary vast
vector velocity vendor venture venue verbose verdict version vertical viable vice victor video view violate virtual
visible vista visual vital voice void volatile volume vote vowel wade waffle wake walk wall walrus want warm warn
warp warranty watch water wavy weaken weave wedge weekday welcome well west whatever wheat wheel whenever whereas
whine whisper whoever wholly wide width wild window wink winter wipe wire wise wish without wolf woman wonder word
work world worry worse worth wren written wrote yank yarn year yellow yeti yield young yourself zebra zero zeta
zigzag zone zoom
""".split()  # noqa: SIM905  (a list literal would be four times as long)
)
