//! Goods: English names, Swahili names, and the words that say which kind.

use std::collections::HashSet;
use std::sync::LazyLock;

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

/// English names, each with the Swahili and variant names that mean it, a line each: `maize: mahindi, corn`.
const TRANSLATED: &str = include_str!("goods.txt");

/// Whether the word is in a list of names.
fn listed(list: &str, word: &str) -> bool {
    list.split_ascii_whitespace().any(|w| w == word)
}

/// Swahili and variant phrases, each with the English name.
pub(crate) fn translated() -> impl Iterator<Item = (&'static str, &'static str)> {
    PAIRS.iter().copied()
}

/// The first Swahili name of goods, which is the one people use; none where the lines hold only other English names.
pub(crate) fn swahili(english: &str) -> Option<&'static str> {
    let line = TRANSLATED.lines().find_map(|line| line.strip_prefix(english)?.strip_prefix(": "))?;
    line.split(", ").next()
}

/// The lines of [`TRANSLATED`], taken apart once.
static PAIRS: LazyLock<Vec<(&'static str, &'static str)>> = LazyLock::new(|| {
    let lines = TRANSLATED.lines().filter_map(|line| line.split_once(": "));
    lines.flat_map(|(english, names)| names.split(", ").map(move |name| (name, english))).collect()
});

/// Whether an English word is the name of goods, in singular or plural.
pub(crate) fn is_goods(word: &str) -> bool {
    static NAMES: LazyLock<HashSet<&str>> = LazyLock::new(|| {
        let singular =
            |w: &'static str| [w, w.strip_suffix('s').unwrap_or(w), w.strip_suffix("es").unwrap_or(w)];
        ENGLISH.split_ascii_whitespace().flat_map(singular).collect()
    });
    NAMES.contains(word)
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
