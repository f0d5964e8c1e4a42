# The tags in use as one set of options, whatever the module: variants in case and blanks are one tag,
# called as Salesmate's list of tags spells it, else as most records do.
#
#	--slurpfile profile	what the fields hold, with the values of tags
#	--slurpfile declared	the list of tags, profiled as the field "tag"
[$declared[] | select(.field == "tag") | .values[]] as $list |
[$profile[] | select(.field == "tags")] as $tags |
[$tags[].values[]?] as $seen |
(reduce $list[] as $v ({}; .[$v.value] = true)) as $known |
([$list[].fold, $seen[].fold] | reduce .[] as $f ({n: 0, at: {}}; if .at[$f] then . else .n += 1 | .at[$f] = .n end) | .at) as $order |
{set: "sm_tags", more: any($tags[]; .values_more),
	options: ($seen | group_by(.fold) | map(
		(group_by(.value) | map({value: .[0].value, count: (map(.count) | add)})) as $spellings |
		{fold: .[0].fold, spellings: [$spellings[].value],
			label: ($spellings | max_by([(if $known[.value] then 1 else 0 end), .count, .value]).value | gsub("[\\s\\x00-\\x1f]+"; " ") | .[0:200])}) |
		sort_by($order[.fold]))}
