# What becomes of every custom field: a column of the mapped type, rows of the map and, where wanted,
# a reference or a set of options.  One object a proposal, in the order of the definitions.
#
#	--slurpfile field	the field definitions
#	--slurpfile profile	what the fields hold (profile-fields), each with its module
#	--slurpfile declared	the declared options, profiled likewise: a field is "module.fieldName"
#	--rawfile schema	the columns that the maps have already
#	--arg objects		object:module:table:module=table,... for each object: what its lookups may point to
#	--arg parent		the lookup that names a company's parent: maps/link.csv sets it
#
# Types are those that Salesmate declares, unless more than one value in twenty says otherwise; then it is
# text, which loses nothing.
include "custom-fields";

# ---- names ----

def ascii: gsub("[äÄ]"; "ae") | gsub("[öÖ]"; "oe") | gsub("[üÜ]"; "ue") | gsub("ß"; "ss") | gsub("[àáâãåÀÁÂÃÅ]"; "a") |
	gsub("[èéêëÈÉÊË]"; "e") | gsub("[ìíîïÌÍÎÏ]"; "i") | gsub("[òóôõøÒÓÔÕØ]"; "o") | gsub("[ùúûÙÚÛ]"; "u") |
	gsub("[çÇ]"; "c") | gsub("[ñÑ]"; "n") | gsub("[æÆ]"; "ae") | ascii_downcase | gsub("[^a-z0-9]+"; "_") | gsub("^_+|_+$"; "");
# sm_ and the label in ASCII, 50 characters at most; a label that has none is replaced by the field's name.
def column: (.displayName // "" | tostring | ascii) as $slug |
	"sm_" + (if $slug == "" then .fieldName | ascii else $slug end) | .[0:50] | gsub("_+$"; "");
# The platform and the maps add columns of their own to some: they count as taken.
def companions: ., . + "name", . + "_base", . + "_all", . + "_lead";
def free($taken; $n): (if $n == 1 then . else "\(.[0:46])_\($n)" end) as $name |
	if any($name | companions; $taken[.]) then free($taken; $n + 1) else $name end;
def clean: gsub("[\\s\\x00-\\x1f]+"; " ") | gsub("^ | $"; "") | .[0:200];

# ---- types: . is the profile of the field ----

# The next size that leaves a quarter of room.
def room($sizes): (.longest * 5 / 4) as $n | first($sizes[] | select(. >= $n)) // null;
def memo($why): {type: "Memo", length: (room([2000, 10000, 100000]) // 1048576), format: "TextArea", why: $why};
def text($format; $why): (if .longest <= 200 then 255 else room([500, 1000, 2000, 4000]) end) as $n |
	if $n then {type: "String", length: $n, format: $format, why: $why} else memo($why) end;
def kept($why): text("Text"; $why + ": kept as text") + {score: 50};
# Typed where nearly all values fit: $n do.
def fits($n; $typed): (.filled - $n) as $bad |
	if $bad == 0 or ($typed.what | not) then $typed
	elif $bad * 20 > .filled then kept("\($bad) of \(.filled) values are no \($typed.what)")
	else $typed + {score: 60, why: "\($bad) of \(.filled) values are no \($typed.what): their records are rejected until they are mended"} end;
def within($min; $max): .numbers == 0 or ((.least | tonumber) >= $min and (.greatest | tonumber) <= $max);
def places: [2, .decimals // 0] | max;
def decimal($why):
	if within(-100000000000; 100000000000) and places <= 10
	then {type: "Decimal", min: -100000000000, max: 100000000000, precision: places, what: "number", why: $why}
	else kept("its numbers are beyond what a decimal column holds") end;
def money:
	if within(-922337203685477; 922337203685477) and places <= 4
	then {type: "Money", min: -922337203685477, max: 922337203685477, precision: places, what: "amount"}
	else decimal("its amounts are beyond what a money column holds") end;
def big:
	if (.decimals // 0) > 0 then decimal("its values have decimals")
	elif within(-9223372036854774784; 9223372036854774784) then {type: "BigInt", what: "whole number"}
	else kept("its numbers are beyond 64 bits") end;
def whole:
	if (.decimals // 0) > 0 or (within(-2147483648; 2147483647) | not)
	then big | .score = (.score // 80) | .why = (.why // "its values are beyond 32 bits")
	else {type: "Integer", min: -2147483648, max: 2147483647, what: "whole number"} end;

# Declared options in their order, then those only seen; variants in case and blanks are one option.
def options($declared): reduce (($declared[] | .declared = true), .values[]?) as $v ({order: [], by: {}};
		if .by[$v.fold] then . else .order += [$v.fold] |
			.by[$v.fold] = {fold: $v.fold, label: ($v.value | clean), declared: ($v.declared // false), spellings: []} end |
		if .by[$v.fold].spellings | index([$v.value]) then . else .by[$v.fold].spellings += [$v.value] end) |
	[.order[] as $f | .by[$f]];
def chosen($several; $options):
	[$options[] | select(.declared | not) | .label] as $beyond |
	if $options == [] then text("Text"; "no option is declared and no value seen")
	elif ($options | length) > 1000 or .values_more then kept("too many different values for a choice")
	elif $several and any($options[]; .declared and (.label | contains(",")))
	then memo("an option holds a comma, which parts the values too: kept as text") + {score: 50}
	else {type: (if $several then "MultiSelectPicklist" else "Picklist" end), convert: (if $several then "multichoice" else "choice" end)} +
		if $beyond == [] then {} else {score: 70, why: "\($beyond | length) beyond the declared options: \($beyond[0:5] | join(", "))"} end end;

# ---- lookups ----

def target: ((.fieldOptions // "" | tostring | capture("/lookups/(?<m>[A-Za-z_]+)")? // {m: ""}) | .m) as $url |
	{companies: "company", contacts: "contact", deals: "deal", products: "product", users: "user", activeUsers: "user"}[$url] //
	((.fieldName | capture("^(?<m>[a-z]+)(Single|Multiple)LookupCustomField")? // {m: $url}) | .m);
def titles: "if type == \"object\" then [.name // .title, (if .id then \"#\\(.id)\" else null end)] | map(select(. != null)) | join(\" \") else tostring end";

# What the field $f becomes; $tables are those that its lookup may point to.
def typed($f; $tables; $options):
	($f | kind) as $kind |
	if ($f.fieldName | test("MultipleLookup")) or ($kind | test("lookup")) and .kinds.list then
		memo("several records: their names and ids as text") + {score: 60, from: "jq",
			source: "[.\($f.fieldName) | (if type == \"array\" then .[] else . // empty end) | \(titles)] | join(\", \")"}
	elif $kind == "lookup" and $tables != [] then {type: "Lookup"}
	elif $kind == "lookup" then
		memo("the \($f | target) has no row of its own before this one: name and id as text") + {score: 50, from: "jq",
			source: ".\($f.fieldName) // empty | \(titles)"}
	elif .kinds.object or (.kinds.list and ($f | choice | not)) then memo("objects or lists: kept as JSON") + {score: 40, convert: "text"}
	elif $f | choice then chosen($f | several; $options)
	elif $kind | test("^(text|string|email|phone|url|website)$") then
		text({email: "Email", phone: "Phone", url: "Url", website: "Url"}[$kind] // "Text"; null)
	elif $kind | test("^(textarea|longtext|richtext|html|note)$") then memo(null)
	elif $kind | test("^(integer|int|number|autonumber)$") then fits(.numbers; whole)
	elif $kind | test("^bigint(eger)?$") then fits(.numbers; big)
	elif $kind | test("^(decimal|percent|percentage|double|float)$") then fits(.numbers; decimal(null))
	elif $kind | test("^(currency|money)$") then fits(.numbers; money)
	elif $kind == "date" then fits(.dates; {type: "DateTime", format: "DateOnly:DateOnly", what: "date"})
	elif $kind == "datetime" then fits(.dates; {type: "DateTime", format: "DateAndTime:UserLocal", what: "date"})
	elif $kind | test("^(boolean|checkbox|bool|yesno)$") then fits(.booleans; {type: "Boolean", what: "yes or no"})
	else kept("type \($f.type) has no column of its own") end;

# ---- proposals ----

# . is the profile, $o the object, $name its column.
def proposal($f; $o; $name):
	[$o.to[] | select(.module == ($f | target))] as $tables |
	"\($o.module).\($f.fieldName)" as $set |
	options([$declared[] | select(.field == $set) | .values[]]) as $options |
	. as $p | typed($f; $tables; $options) as $t |
	($f.displayName // $f.fieldName | tostring | clean) as $title |
	($t.convert == "choice" or $t.convert == "multichoice") as $choice |
	# More than 150 cannot be chosen: the text of such a record goes to a column of its own.
	($t.convert == "multichoice" and ($options | length) > 100) as $long |
	("\($f.type), filled in \($p.filled) records" + (if $t.why then "; \($t.why)" else "" end)) as $why |
	($t.score // (if $p.filled == 0 then 80 else 100 end)) as $score |
	(if $choice and $p.kinds.list then {from: "jq", source: ".\($f.fieldName) | if type == \"array\" then map(if type == \"object\" then .label // .value // .name else . end | tostring) | join(\",\") else . end"} else $t end) as $s |
	{object: $o.object, module: $o.module, field: $f.fieldName, column: $name, score: $score, reason: $why} +
	if $o.object == "account" and $f.fieldName == $parent then
		{map: [["", "drop", $f.fieldName, "", "", "", "", "", "", "the parent company: maps/link.csv sets it once all accounts are there"]]}
	elif $t.type == "Lookup" then
		# One column a table: a contact may have become a lead.
		[$tables | to_entries[] | {column: (if .key == 0 then $name else "\($name)_\(.value.table)" end), table: .value.table}] as $to |
		{schema: [$to[] | [$o.table, .column, "Lookup", "", "", "", "", "", (if .column == $name then $title else "\($title) (\(.table))" end), .table]],
		map: [$to[] | [.column, "ref", "\($name)\(if $to[1] then "/" + .table else "" end) \($f.fieldName)", "", "", "", "", "", $score, $why]],
		refs: [[$name, $f.fieldName, $tables[0].module, "reject", "", "", ""]]}
	else
		{schema: ([[$o.table, $name, $t.type, $t.length, $t.min, $t.max, $t.precision, $t.format, $title, (if $choice then $set else "" end)]] +
			(if $long then [[$o.table, "\($name)_all", "Memo", 10000, "", "", "", "TextArea", "\($title), all", ""]] else [] end)),
		map: [[$name, $s.from // "field", $s.source // $f.fieldName, "", $t.convert // "", (if $choice then $set else "" end),
			(if $long then "truncate:\($name)_all" else "" end), "", $score, $why]]} +
		(if $choice then {set: $set, options: $options} else {} end)
	end;

def blank: {filled: 0, kinds: {}, longest: 0, numbers: 0, dates: 0, booleans: 0, values: []};
[$schema | split("\n")[] | split(",") | {key: .[0], value: .[1]}] as $columns |
[$objects | split(" ")[] | select(. != "") | split(":") |
	{object: .[0], module: .[1], table: .[2], pair: "\(.[1]):\(.[2])",
	to: [.[3] // "" | split(",")[] | select(. != "") | split("=") | {module: .[0], table: .[1]}]}] as $all |
# The columns of a table, by module and field: objects that share the two share them.
(reduce $all[] as $o ({taken: {}, name: {}};
	if .name[$o.pair] then . else
		.name[$o.pair] = {} |
		.taken[$o.table] //= ([$columns[] | select(.key == $o.table) | .value | companions | {(.): true}] | add // {}) |
		reduce ($field[] | select(custom and source == $o.module)) as $f (.;
			.taken[$o.table] as $taken | ($f | column | free($taken; 1)) as $name |
			.name[$o.pair][$f.fieldName] = $name | .taken[$o.table] += ([$name | companions | {(.): true}] | add))
	end) | .name) as $names |
range($all | length) as $i | $all[$i] as $o |
any($all[:$i][]; .pair == $o.pair) as $again |
[$profile[] | select(.module == $o.module)] as $profiles |
[$field[] | select(custom and source == $o.module)] as $fields |
($fields[] as $f | [$profiles[] | select(.field == $f.fieldName)][0] // blank |
	proposal($f; $o; $names[$o.pair][$f.fieldName]) | if $again then del(.schema) else . end),
# A key that no definition declares is dropped for all to see.
($profiles[] | select(.filled > 0 and (.field | test("CustomField[0-9]+$"))) | select(.field as $n | all($fields[]; .fieldName != $n)) |
	{object: $o.object, module: $o.module, field, map: [["", "drop", .field, "", "", "", "", "", "", "no field definition declares it; filled in \(.filled) records"]]})
