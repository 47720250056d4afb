//! Goods: English names, Swahili names, and the words that say which kind.

/// Swahili and variant names with the English one.
const TRANSLATED: &[(&str, &str)] = &[
    ("mahindi", "maize"),
    ("corn", "maize"),
    ("maharagwe", "beans"),
    ("maharage", "beans"),
    ("mchele", "rice"),
    ("mpunga", "paddy"),
    ("ngano", "wheat"),
    ("mtama", "sorghum"),
    ("ulezi", "finger millet"),
    ("wimbi", "finger millet"),
    ("ndengu", "green grams"),
    ("pojo", "green grams"),
    ("choroko", "green grams"),
    ("kunde", "cowpeas"),
    ("mbaazi", "pigeon peas"),
    ("njegere", "green peas"),
    ("karanga", "groundnuts"),
    ("njugu", "groundnuts"),
    ("peanuts", "groundnuts"),
    ("ufuta", "sesame"),
    ("simsim", "sesame"),
    ("alizeti", "sunflower"),
    ("korosho", "cashew nuts"),
    ("cashews", "cashew nuts"),
    ("pamba", "cotton"),
    ("kahawa", "coffee"),
    ("majani chai", "tea"),
    ("majani ya chai", "tea"),
    ("viazi", "potatoes"),
    ("viazi vitamu", "sweet potatoes"),
    ("viazi mviringo", "potatoes"),
    ("muhogo", "cassava"),
    ("mihogo", "cassava"),
    ("vitunguu", "onions"),
    ("vitunguu saumu", "garlic"),
    ("vitunguu maji", "onions"),
    ("kitunguu", "onions"),
    ("nyanya", "tomatoes"),
    ("kabichi", "cabbages"),
    ("kabeji", "cabbages"),
    ("karoti", "carrots"),
    ("sukuma wiki", "kale"),
    ("sukuma", "kale"),
    ("kales", "kale"),
    ("parachichi", "avocado"),
    ("maparachichi", "avocado"),
    ("avocados", "avocado"),
    ("maembe", "mangoes"),
    ("embe", "mangoes"),
    ("ndizi", "bananas"),
    ("machungwa", "oranges"),
    ("chungwa", "oranges"),
    ("nanasi", "pineapples"),
    ("mananasi", "pineapples"),
    ("tikiti maji", "watermelons"),
    ("tikiti", "watermelons"),
    ("matikiti", "watermelons"),
    ("matikiti maji", "watermelons"),
    ("papai", "pawpaws"),
    ("mapapai", "pawpaws"),
    ("ndimu", "lemons"),
    ("limau", "lemons"),
    ("pilipili", "chillies"),
    ("pilipili hoho", "capsicum"),
    ("tangawizi", "ginger"),
    ("maziwa", "milk"),
    ("mayai", "eggs"),
    ("yai", "eggs"),
    ("asali", "honey"),
    ("samaki", "fish"),
    ("dagaa", "dagaa"),
    ("omena", "omena"),
    ("nyama", "meat"),
    ("kuku", "chickens"),
    ("vifaranga", "chicks"),
    ("kifaranga", "chicks"),
    ("mbuzi", "goats"),
    ("kondoo", "sheep"),
    ("ng'ombe", "cattle"),
    ("ngombe", "cattle"),
    ("cows", "cattle"),
    ("cow", "cattle"),
    ("ngamia", "camels"),
    ("punda", "donkeys"),
    ("nguruwe", "pigs"),
    ("bata", "ducks"),
    ("sungura", "rabbits"),
    ("nyasi", "hay"),
    ("majani makavu", "hay"),
    ("mbolea", "fertiliser"),
    ("fertilizer", "fertiliser"),
    ("fertilisers", "fertiliser"),
    ("fertilizers", "fertiliser"),
    ("mbegu", "seed"),
    ("seeds", "seed"),
    ("miche", "seedlings"),
    ("saruji", "cement"),
    ("simiti", "cement"),
    ("simenti", "cement"),
    ("mabati", "iron sheets"),
    ("bati", "iron sheets"),
    ("matofali", "bricks"),
    ("tofali", "bricks"),
    ("mbao", "timber"),
    ("mchanga", "sand"),
    ("kokoto", "ballast"),
    ("mawe", "stones"),
    ("makaa", "charcoal"),
    ("mkaa", "charcoal"),
    ("kuni", "firewood"),
    ("magodoro", "mattresses"),
    ("godoro", "mattresses"),
    ("viti", "chairs"),
    ("kiti", "chairs"),
    ("meza", "tables"),
    ("madawati", "desks"),
    ("dawati", "desks"),
    ("sweta", "sweaters"),
    ("mafuta ya kupikia", "cooking oil"),
    ("mafuta ya kula", "cooking oil"),
    ("maji", "water"),
    ("vitabu", "books"),
    ("kitabu", "books"),
    ("unga", "flour"),
    ("unga wa mahindi", "maize flour"),
    ("unga wa ngano", "wheat flour"),
    ("sukari", "sugar"),
    ("chumvi", "salt"),
    ("sabuni", "soap"),
    ("nguzo", "poles"),
    ("misumari", "nails"),
    ("rangi", "paint"),
    ("viatu", "shoes"),
    ("sare", "uniforms"),
    ("nguo", "clothes"),
    ("mashati", "shirts"),
    ("blanketi", "blankets"),
    ("mablanketi", "blankets"),
    ("vitanda", "beds"),
    ("kitanda", "beds"),
    ("milango", "doors"),
    ("madirisha", "windows"),
    ("ngozi", "hides"),
    ("mwani", "seaweed"),
    ("nazi", "coconuts"),
    ("karafuu", "cloves"),
    ("iliki", "cardamom"),
    ("chai", "tea"),
    ("mtindi", "yoghurt"),
    ("samli", "ghee"),
    ("siagi", "butter"),
    ("kamba", "rope"),
    ("majembe", "hoes"),
    ("jembe", "hoes"),
    ("pampu", "pumps"),
    ("tanki", "tanks"),
    ("matanki", "tanks"),
    ("mabomba", "pipes"),
    ("bomba", "pipes"),
    ("makabati", "cabinets"),
    ("kabati", "cabinets"),
    ("mapazia", "curtains"),
    ("taulo", "towels"),
    ("neti", "nets"),
    ("vyandarua", "mosquito nets"),
    ("chandarua", "mosquito nets"),
    ("maturubai", "tarpaulins"),
    ("turubai", "tarpaulins"),
    ("mitambo", "machines"),
    ("matunda", "fruit"),
    ("mboga", "vegetables"),
    ("ukwaju", "tamarind"),
    ("tende", "figs"),
    ("bamia", "okra"),
    ("biringanya", "aubergines"),
    ("mabilinganya", "aubergines"),
    ("matango", "cucumbers"),
    ("tango", "cucumbers"),
    ("maboga", "pumpkins"),
    ("boga", "pumpkins"),
    ("miwa", "sugarcane"),
    ("shayiri", "barley"),
    ("uyoga", "mushrooms"),
    ("dengu", "lentils"),
    ("soya", "soya beans"),
    ("viazi sukari", "sweet potatoes"),
    ("mahindi mabichi", "green maize"),
    ("nyama ya ng'ombe", "beef"),
    ("nyama ya mbuzi", "goat meat"),
    ("ng'ombe wa maziwa", "dairy cattle"),
    ("mayai ya kienyeji", "kienyeji eggs"),
    ("kuku wa kienyeji", "kienyeji chickens"),
    ("vitabu vya hesabu", "exercise books"),
    ("madaftari", "exercise books"),
    ("daftari", "exercise books"),
    ("kalamu", "pens"),
    ("mikeka", "mats"),
    ("vikapu", "baskets"),
    ("kikapu", "baskets"),
    ("vyungu", "pots"),
    ("sufuria", "pots"),
    ("matairi", "tyres"),
    ("tairi", "tyres"),
    ("tires", "tyres"),
    ("magunia matupu", "empty sacks"),
    ("pikipiki", "motorcycle"),
    ("baiskeli", "bicycles"),
    ("samani", "furniture"),
    ("chakula cha kuku", "chicken feed"),
    ("chakula cha mifugo", "animal feed"),
    ("taa", "lamps"),
    ("mifugo", "livestock"),
    ("mtambo", "machine"),
    ("mashine", "machine"),
    ("jenereta", "generator"),
    ("friji", "fridge"),
    ("pumba", "bran"),
];

/// English names that stand for themselves; the plural is looked up by its singular too.
const ENGLISH: &str = "maize beans rice paddy wheat sorghum millet barley oats grams cowpeas peas lentils groundnuts sesame \
    sunflower nuts cotton coffee tea potatoes cassava yams onions garlic tomatoes cabbages carrots kale spinach avocado \
    mangoes bananas oranges lemons limes pineapples watermelons melons pawpaws papayas guavas passion apples grapes \
    strawberries chillies capsicum pepper peppers ginger turmeric vanilla cardamom cloves macadamia milk eggs honey fish tilapia omena \
    dagaa perch meat beef mutton pork chickens chicken broilers layers hens chicks ducks turkeys goats goat sheep lambs cattle bulls \
    bull heifers heifer calves oxen steers camels camel donkeys pigs piglets rabbits hay silage straw lucerne napier fertiliser manure seed \
    seedlings cement sheets bricks blocks timber poles sand ballast stones gravel murram charcoal briquettes firewood \
    mattresses chairs tables desks sweaters oil water books flour sugar salt soap lanterns lamps panels batteries sprayers \
    pumps pump tanks tank pipes nails paint tiles doors windows mesh fridges fridge freezer freezers generator generators \
    motorcycle motorcycles bicycles bicycle tractor mill machine machines sewing shoes boots uniforms shirts trousers blankets nets \
    beds wheelbarrows wheelbarrow hoes pangas jembes spades shovels ropes rope soda juice bread vaccines vaccine drugs feed feeds bran molasses \
    hides skins wool sisal pyrethrum tobacco hibiscus coconuts copra seaweed furniture flowers roses macadamias almonds soya \
    soybeans soya linseed canola chia moringa mushrooms beehives hives beehive glasses tyres stoves jikos kettles pots basins bottles \
    cups smartphones laptops computers radios televisions cables bulbs solar tarpaulins tents helmets gloves masks \
    overalls gumboots harness ploughs plough saplings cuttings vines suckers butter cheese yoghurt yogurt ghee cream curd \
    livestock parcels scrap steel bars iron logs planks plywood roofing gutters notebooks textbooks pens \
    curtains towels carpets sofas sofa cupboards wardrobes shelves benches bench incubator incubators chaff cutter cutters \
    silos cobs tobacco khat miraa fodder pellets cake concentrate gypsum diesel petrol kerosene gas cylinders cylinder \
    lockers cabinets okra aubergines cucumbers pumpkins pumpkin vegetables fruit fruits mats baskets kiondos beads sculptures carvings \
    hooks cupboard kerosene paraffin charcoal jiko basins saucepans spoons projectors printers paper \
    cartridges toner tables stools stool pallets seedling sugarcane cane figs tamarind baobab shea gum arabic amaranth teff nyama crabs prawns octopus lobsters";

/// Live animals: counted by head.
const ANIMALS: &str = "chickens chicken broilers layers hens chicks ducks turkeys goats goat sheep lambs cattle bulls bull heifers \
    heifer calves oxen steers camels camel donkeys pigs piglets rabbits livestock";

/// Goods that are called by the stuff before them: "iron sheets", "green grams", "cooking oil".
const COMPOUND_BEFORE: &str = "iron green cooking finger cashew macadamia solar hand water school posho exercise sweet chest sewing \
    pigeon vaccine reading roofing mosquito maize wheat bean tea coffee milk dairy fish poultry chicken layers growers steel \
    wooden plastic fence fencing cedar eucalyptus cypress building river engine palm sunflower vegetable olive sesame coconut \
    feed animal cattle goat bush french snow chick day-old wheel knapsack diesel petrol submersible hybrid bran cotton \
    passion bee honey drip irrigation chaff egg concrete foam spring banana coffee onion tomato tree avocado mango grafted \
    office plastic nile soya dap npk urea baby garden sugar snap gas";

/// Words for variety, breed, colour and origin that belong to the name of the goods.
const VARIETIES: &str = "white red yellow green black brown purple blue rosecoco wairimu nyayo mwitemania shangi hass fuerte galla boran \
    zebu friesian freshian ayrshire jersey guernsey sahiwal dorper merino kienyeji improved kuroiler rhodes boma basmati pishori \
    aromatic kilombero supa arabica robusta nyota yellow canadian wonder kat katumani irish apple ngowe kent tommy \
    cavendish grand cherry roma anna money-maker sukari red-bulb creole bombay sindano grain hybrid dk pioneer \
    ridgeback saanen alpine toggenburg angora hampshire landrace giant native exotic spotted speckled \
    dap npk urea tsp kahawia mbuni parchment cherry clean-cherry robusta nile macadamia valencia washington \
    dutch kigoma kidney pinto navy sugar butter lamu mkalatusi desi kabuli guar virginia natal bambara somali maasai masai \
    nguni toro hereford charolais simmental brahman broiler layer acacia wildflower forest highland lowland mountain \
    sweet bird birds bird's eye cayenne bell portland corrugated galvanised galvanized prepainted";

/// Swahili words for colours and kinds, which follow the noun, by their stems.
const SWAHILI_KINDS: &[(&str, &str)] = &[
    ("meupe", "white"),
    ("nyeupe", "white"),
    ("mweupe", "white"),
    ("vyeupe", "white"),
    ("vyekundu", "red"),
    ("nyekundu", "red"),
    ("mekundu", "red"),
    ("jekundu", "red"),
    ("njano", "yellow"),
    ("manjano", "yellow"),
    ("kijani", "green"),
    ("nyeusi", "black"),
    ("meusi", "black"),
    ("vitamu", "sweet"),
    ("kienyeji", "kienyeji"),
    ("arabika", "arabica"),
    ("arabica", "arabica"),
    ("robusta", "robusta"),
    ("asili", "kienyeji"),
    ("kahawia", "brown"),
];

/// Whether the word is in a list of names.
fn listed(list: &str, word: &str) -> bool {
    list.split_ascii_whitespace().any(|w| w == word)
}

/// Phrases with the English name, the longer ones first where they begin alike.
pub(crate) fn translated() -> impl Iterator<Item = (&'static str, &'static str)> {
    TRANSLATED.iter().copied()
}

/// Whether an English word is the name of goods, in singular or plural.
pub(crate) fn is_goods(word: &str) -> bool {
    listed(ENGLISH, word) || listed(ENGLISH, &format!("{word}s")) || listed(ENGLISH, &format!("{word}es"))
}

/// Whether the goods are live animals.
pub(crate) fn is_animal(head: &str) -> bool {
    listed(ANIMALS, head) || listed(ANIMALS, &format!("{head}s"))
}

/// Whether the word before a name of goods belongs to it.
pub(crate) fn qualifies(word: &str) -> bool {
    listed(VARIETIES, word) || listed(COMPOUND_BEFORE, word)
}

/// Whether the word says what a thing is made of or for: "steel lockers", "school bags".
pub(crate) fn is_material(word: &str) -> bool {
    listed(
        "steel wooden plastic metal iron solar school office canvas rubber leather concrete fishing kitchen hospital garden",
        word,
    )
}

/// Things that are named by what they hold or move.
pub(crate) fn is_vessel(name: &str) -> bool {
    listed("pumps tanks pipes machine sprayers", name)
}

/// The English word for what a vessel holds.
pub(crate) fn stuff(word: &str) -> Option<&'static str> {
    match word {
        "maji" => Some("water"),
        "mafuta" => Some("oil"),
        "gesi" => Some("gas"),
        "maziwa" => Some("milk"),
        _ => None,
    }
}

/// Whether the word alone names a variety or a breed.
pub(crate) fn is_variety(word: &str) -> bool {
    listed(VARIETIES, word)
}

/// The English word for a Swahili kind.
pub(crate) fn kind(word: &str) -> Option<&'static str> {
    SWAHILI_KINDS.iter().find(|(w, _)| *w == word).map(|(_, e)| *e)
}

/// Whether the name says nothing without the word before it: "sheets", "oil", "tanks".
pub(crate) fn needs_qualifier(word: &str) -> bool {
    listed("sheets nuts grams oil machine machines mill peas seed sewing glasses nets net sheet nut", word)
}
