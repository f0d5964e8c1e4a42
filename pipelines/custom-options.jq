# The numbers of options: maps/options.csv (set,number,label), which only grows; and what follows from it.
#
#	--slurpfile sets	objects with set and options (label, fold, spellings)
#	--rawfile old		maps/options.csv as it is, or nothing
#	--arg form options	that file with new options at the end, numbered on from the greatest of their set
#	--arg form choices	lines of the choices table (column,source,target): every spelling seen, with its number
#	--arg form schema	options to create (column,value,label): the first line of a number names it
#
# A line more with a number that is there already is a spelling more of that option: so a person folds one
# option into another, and gives a spelling of old another number.
def cells: [match("(?:^|,)(?:\"((?:[^\"]|\"\")*)\"|([^,\"]*))"; "g") | .captures | (.[0].string // null) as $quoted |
	if $quoted then $quoted | gsub("\"\""; "\"") else .[1].string // "" end];
def folded: ascii_downcase | gsub("^\\s+|\\s+$"; "");
[$old | split("\n")[] | rtrimstr("\r") | select(. != "") | cells] | (if .[0][0] == "set" then .[1:] else . end) |
map({set: .[0], number: (.[1] | tonumber? // error("maps/options.csv: \"\(.[1])\" is no number")), label: .[2]}) as $lines |
# Sets come once an object; they are the same.
(reduce $sets[] as $s ({}; if $s.set and (.[$s.set] | not) then .[$s.set] = $s.options else . end)) as $wanted |
def line_of($lines): . as $o | first(
	($lines[] | select(.label as $l | $o.spellings | index([$l]))),
	($lines[] | select(.label == $o.label)),
	($lines[] | select((.label | folded) == ($o.fold | folded)))) // null;
# Old lines and new ones, in the order of the sets.
(reduce ($wanted | to_entries[]) as $s ($lines; . as $so_far |
	[$lines[] | select(.set == $s.key)] as $mine |
	reduce ($s.value[] | select(line_of($mine) | not)) as $o ($so_far;
		. + [{set: $s.key, label: $o.label, number: (([.[] | select(.set == $s.key) | .number] | max // 808269999) + 1)}]))) as $all |
if $form == "options" then ["set", "number", "label"], ($all[] | [.set, .number, .label])
elif $form == "schema" then $all | group_by(.set)[] | (reduce .[] as $l ([]; if any(.[]; .number == $l.number) then . else . + [$l] end))[] |
	[.set, .number, .label]
else $wanted | to_entries[] | .key as $set | [$all[] | select(.set == $set)] as $mine |
	([.value[] | .spellings[] as $text | {fold: .fold, label: .label, spellings: [$text]} as $one |
		{text: $text, number: (([$mine[] | select(.label == $text)][0] // ($one | line_of($mine)) // line_of($mine)).number)}] |
		unique_by(.text)[] | [$set, .text, .number])
end | @csv
