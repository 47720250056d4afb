//! Places of East Africa, for speech written without capitals, and the words for facilities.

use std::collections::HashSet;
use std::sync::LazyLock;

/// Towns, villages and market places of one or more words.
const TOWNS: &[&str] = phrases! {
    "sultan hamud", "athi river", "homa bay", "ol kalou", "port sudan", "dar es salaam", "addis ababa",
    "fort portal", "ol donyo sabuk", "south horr", "north horr", "mai mahiu", "kiambu road", "mombasa road",
    "thika road", "wajir town", "burnt forest", "west pokot", "ol joro orok", "maai mahiu", "mto wa mbu",
    "boma la ng'ombe", "dire dawa", "bahir dar", "port bell", "lira town", "makutano junction", "loo loita",
    "ongata rongai", "kapenguria town", "suna migori", "tala", "kangundo", "city market", "kongowea",
    "wakulima", "marikiti", "gikomba", "muthurwa", "kibuye", "kariakoo", "owino", "nakasero", "kalerwe",
    "kimironko", "merkato", "kongowea market"
};
const TOWN_NAMES: &str = "nairobi mombasa kisumu nakuru eldoret thika malindi kitale garissa kakamega nyeri meru machakos naivasha \
    nanyuki kericho bungoma busia isiolo embu kitui lamu lodwar marsabit mandera wajir moyale maralal narok bomet kisii migori \
    siaya webuye mumias kapsabet iten kabarnet eldama ravine molo njoro gilgil nyahururu nyandarua kinangop karatina muranga \
    maua chuka mwea kerugoya kutus sagana kiambu limuru ruiru juja githurai kikuyu ngong rongai kitengela kajiado namanga \
    loitokitok emali makueni wote kibwezi mtito andei voi taveta wundanyi mariakani kilifi watamu mtwapa kwale ukunda diani \
    hola garsen kinale njabini kabete westlands embakasi industrial ruaraka kasarani mlolongo syokimau matuu mwingi tala masii \
    mutomo zombe kathiani kangundo runyenjes siakago ishiara mbeere tharaka marimanti laisamis merille archers loiyangalani \
    kakuma lokichoggio lokichar kapenguria makutano ortum sigor kapedo chepareria endebess kiminini turbo lugari malava butere \
    luanda maseno ahero awasi muhoroni chemelil kipkelion londiani litein sotik chebunyo kilgoris lolgorian transmara ntulele \
    suswa magadi ewaso longonot mai oyugis kendu mbita sindo rongo awendo uriri isebania sirare kehancha nyamira keroka \
    nyansiongo ogembo chavakali mbale majengo vihiga hamisi kaimosi khayega shinyalu lurambi matete kimilili chwele sirisia \
    malaba funyula port victoria usenge bondo ukwala ugunja yala dadaab ijara masalani bura changamwe likoni nyali bamburi \
    shanzu miritini mazeras samburu maungu mackinnon taru kinango lunga shimba moiben ziwa soy matunda cherangany kapsowar \
    chebiemit tambach kaptagat ainabkoi timboroa nandi hills songhor lessos mosoriot tinderet olenguruone elburgon \
    rongai subukia solai bahati dundori wanjohi engineer magumu rumuruti dol laikipia timau naromoru kiganjo mweiga othaya \
    mukurweini tetu ndaragwa kaptembwo mogotio marigat chemolingot tangulbei kampala entebbe jinja mbarara gulu lira soroti \
    masaka kabale tororo iganga mukono hoima arua masindi kasese mityana mubende luwero wakiso moroto kotido kitgum pader \
    apac nebbi kapchorwa sironko kumi katakwi bugiri mayuge pallisa kamuli kayunga lugazi ntungamo bushenyi rukungiri kisoro \
    ishaka lyantonde rakai kyotera arusha moshi mwanza dodoma mbeya morogoro tanga iringa tabora kigoma shinyanga musoma bukoba singida \
    songea mtwara lindi sumbawanga njombe makambako tunduma kahama geita tarime bariadi babati karatu monduli longido \
    loliondo himo rombo marangu same mwanga korogwe muheza handeni lushoto pangani bagamoyo kibaha chalinze kilosa mikumi \
    ifakara mahenge masasi nachingwea newala tandahimba zanzibar unguja pemba kigali huye butare musanze ruhengeri gisenyi \
    rubavu rwamagana kayonza nyagatare muhanga gitarama karongi kibuye rusizi cyangugu nyanza byumba gicumbi rusumo bujumbura \
    gitega ngozi goma bukavu juba yei torit nimule malakal bor wau rumbek yambio mogadishu hargeisa berbera kismayo garowe bosaso \
    galkayo baidoa borama burao addis adama nazret hawassa awassa jimma gondar mekelle harar dessie shashemene ziway moyale \
    yabelo dilla sodo arba minch bishoftu debre asmara massawa djibouti khartoum kassala gedaref kariobangi korogocho kawangware \
    kibera dagoretti karen langata donholm umoja buruburu pipeline eastleigh kayole utawala ruai joska kamulu kamangu banana \
    ndumberi githunguri gatundu kangari kangema kandara maragua makuyu kenol kabati gatura kigumo kiria-ini kagio baricho \
    kianyaga kimbimbi wanguru ngurubani makongeni bombolulu kisauni mikindani chaani kokotoni gongoni marafa ganze bamba \
    kaloleni vipingo takaungu witu mpeketoni faza hindi kipini minjila wenje galole bangale modogashe habaswein griftu takaba \
    elwak rhamu banissa sololo turbi maikona kalacha kargi korr ngurunit baragoi suguta wamba lekuru kisima barsaloi \
    oldonyiro kipsing kinna garbatulla merti sericho shaba gotu ngare ndare";

/// Places whose names are also other words; they need a capital letter or a cue.
const AMBIGUOUS: &str = "wote same hindi banana engineer industrial port bura kumi soy same karen umoja bahati hills kisima ziwa makutano \
    mai lira mwanga tala goma dol hola rongai turbo bombolulu ngozi kamba nyanza";

/// Facility words in both languages, with the English one.
const FACILITIES: &[(&str, &str)] = &[
    ("market", "market"),
    ("soko", "market"),
    ("sokoni", "market"),
    ("depot", "depot"),
    ("store", "store"),
    ("stores", "store"),
    ("ghala", "store"),
    ("bohari", "store"),
    ("stoo", "store"),
    ("stoa", "store"),
    ("warehouse", "warehouse"),
    ("godown", "godown"),
    ("factory", "factory"),
    ("kiwanda", "factory"),
    ("school", "school"),
    ("shule", "school"),
    ("hotel", "hotel"),
    ("hoteli", "hotel"),
    ("stage", "stage"),
    ("stendi", "stage"),
    ("office", "office"),
    ("ofisi", "office"),
    ("port", "port"),
    ("bandari", "port"),
    ("hospital", "hospital"),
    ("hospitali", "hospital"),
    ("shop", "shop"),
    ("duka", "shop"),
    ("airport", "airport"),
    ("airstrip", "airstrip"),
    ("station", "station"),
    ("mill", "mill"),
    ("plant", "plant"),
    ("yard", "yard"),
    ("farm", "farm"),
    ("ranch", "ranch"),
    ("estate", "estate"),
    ("junction", "junction"),
    ("centre", "centre"),
    ("center", "center"),
    ("mission", "mission"),
    ("academy", "academy"),
    ("dispensary", "dispensary"),
    ("clinic", "clinic"),
    ("church", "church"),
    ("kanisa", "church"),
    ("college", "college"),
    ("university", "university"),
    ("polytechnic", "polytechnic"),
    ("camp", "camp"),
    ("lodge", "lodge"),
    ("cooperative", "cooperative"),
    ("dairy", "dairy"),
    ("ginnery", "ginnery"),
    ("terminal", "terminal"),
    ("weighbridge", "weighbridge"),
    ("border", "border"),
    ("pier", "pier"),
    ("jetty", "jetty"),
    ("beach", "beach"),
    ("abattoir", "abattoir"),
    ("slaughterhouse", "slaughterhouse"),
    ("supermarket", "supermarket"),
    ("bakery", "bakery"),
    ("plaza", "plaza"),
    ("mall", "mall"),
    ("stadium", "stadium"),
    ("chapel", "chapel"),
    ("mosque", "mosque"),
    ("restaurant", "restaurant"),
    ("silo", "silo"),
    ("packhouse", "packhouse"),
    ("workshop", "workshop"),
    ("showroom", "showroom"),
    ("cooler", "cooler"),
    ("hub", "hub"),
    ("park", "park"),
    ("village", "village"),
    ("barracks", "barracks"),
    ("orphanage", "orphanage"),
    ("court", "court"),
    ("farmers", "farmers"),
    ("silos", "silos"),
    ("bridge", "bridge"),
    ("quarry", "quarry"),
    ("gate", "gate"),
];

/// How many words the known place at the front of `words` has, 0 when it is none.
pub(crate) fn known<'a>(words: &[&'a str]) -> usize {
    static NAMES: LazyLock<HashSet<&str>> = LazyLock::new(|| TOWN_NAMES.split_ascii_whitespace().collect());
    let phrase = TOWNS.iter().filter(|t| t.split(' ').eq(words.iter().copied().take(t.split(' ').count())));
    let longest = phrase.map(|t| t.split(' ').count()).max().unwrap_or(0);
    let single = words.first().is_some_and(|w: &&'a str| NAMES.contains(*w));
    longest.max(usize::from(single))
}

/// Whether the name is that of a county or region, with towns inside.
pub(crate) fn is_region(name: &str) -> bool {
    let regions = "baringo laikipia samburu turkana kajiado kiambu nyandarua makueni taita kwale kilifi kirinyaga muranga nandi bomet \
        vihiga siaya migori nyamira narok kericho kitui machakos embu meru tharaka pokot kilimanjaro karagwe ukambani";
    regions.split_ascii_whitespace().any(|r| r == name)
}

/// Whether the name is also another word.
pub(crate) fn is_ambiguous(word: &str) -> bool {
    AMBIGUOUS.split_ascii_whitespace().any(|w| w == word)
}

/// The English word for a facility.
pub(crate) fn facility(word: &str) -> Option<&'static str> {
    FACILITIES.iter().find(|(w, _)| *w == word).map(|(_, e)| *e)
}

/// Whether the facility word is Swahili, so that the name follows it: "soko la Kibuye".
pub(crate) fn is_swahili_facility(word: &str) -> bool {
    FACILITIES.iter().any(|(w, e)| *w == word && w != e) && !matches!(word, "stores" | "center")
}
