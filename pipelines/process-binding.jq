# maps/processes.csv, read as lines.  --arg form names: the objects of its processes, process-1 ..., in the order of the file.
# --arg form bind: each of them with its flow and the path to every stage, or a line {error} for everything that is wrong.
# --slurpfile pipeline: Salesmate's; flow, stage: the target's workflows and processstages.
def cells: ltrimstr("\ufeff") | rtrimstr("\r") | [("," + .) | match(",(?:\"((?:[^\"]|\"\")*)\"|([^,]*))"; "g").captures
	| (.[0].string // "" | gsub("\"\""; "\"")) as $quoted | if $quoted != "" then $quoted else .[1].string // "" end];
def list: map("\"\(.)\"") | join(", ");
def dup: group_by(.) | map(select(length > 1) | .[0]);
[inputs | select(test("[^,\\s]"))] as $lines
| ([$lines[1:][] | cells | {pipeline: .[0], stage: (.[1] // ""), process: (.[2] // ""), processstage: (.[3] // "")}]) as $rows
| (reduce $rows[].process as $p ([]; if index([$p]) then . else . + [$p] end)) as $names
| if $form == "names" then $names | to_entries[] | "process-\(.key + 1)"
else
def said($text): {error: "maps/processes.csv: \($text)"};
# The stages of a flow in their order: by category, and within one as the file lists them.
def ordered($name; $stages): [$rows[] | select(.process == $name) | .processstage] as $listed
	| ($stages | map(. + {at: (.stagename as $s | $listed | index($s))}) | sort_by(.stagecategory // 99, .at // 9999));
def unclear: group_by(.stagecategory)[] | select(length > 1) | map(select(.at == null) | .stagename)[];
def flow_of($name): [$flow[] | select(.name == $name or .uniquename == $name)];
(if $lines | length == 0 then empty elif ($lines[0] | cells) != ["pipeline", "stage", "process", "processstage"]
	then said("its header must be pipeline,stage,process,processstage") else empty end),
($rows[] | select(.pipeline == "" or .process == "" or .processstage == "") | said("a line without pipeline, process or processstage: \(tojson)")),
($rows | map(select(.stage != "") | [.pipeline, .stage]) | dup[] | said("stage \"\(.[1])\" of pipeline \"\(.[0])\" is bound twice")),
($rows | map([.pipeline, .process]) | unique | map(.[0]) | dup[] | said("pipeline \"\(.)\" is bound to more than one process")),
($rows | map(.pipeline) | unique[] | . as $p | select(all($pipeline[]; .pipeline != $p)) | said("Salesmate has no pipeline \"\(.)\"; it has \([$pipeline[].pipeline] | list)")),
($pipeline[] | . as $p | [$rows[] | select(.pipeline == $p.pipeline)] as $mine | select($mine != [])
	| ($mine[] | select(.stage != "") | .stage | . as $s | select(all($p.stages[]; .stage != $s)) | said("pipeline \"\($p.pipeline)\" has no stage \"\(.)\"; it has \([$p.stages[].stage] | list)")),
	($p.stages[].stage | . as $s | select(all($mine[]; .stage != $s)) | said("stage \"\(.)\" of pipeline \"\($p.pipeline)\" is bound to no stage of the process"))),
($names | to_entries[] | .key as $n | .value | . as $name | flow_of($name) as $found
	| if $found == [] then said("the target has no process flow \"\($name)\"; it has \([$flow[].name] | unique | list)")
	elif ($found | length) > 1 then said("the target has \($found | length) process flows \"\($name)\": \([$found[] | "\(.uniquename) (\(.workflowid))"] | join(", ")): write the unique name")
	elif $found[0].statecode != 1 then said("the process flow \"\($name)\" is not activated")
	elif $found[0].primaryentity != "opportunity" then said("the process flow \"\($name)\" is of the table \($found[0].primaryentity), not of opportunity")
	else $found[0] as $f | ordered($name; [$stage[] | select(._processid_value == $f.workflowid and .primaryentitytypecode == "opportunity")]) as $stages
		| ([$rows[] | select(.process == $name) | .processstage] | unique) as $wanted
		| [($wanted[] | . as $w | [$stages[] | select(.stagename == $w)] | length | select(. != 1)
				| said("the process flow \"\($name)\" has \(if . == 0 then "no stage" else "\(.) stages" end) \"\($w)\"; it has \([$stages[].stagename] | list)")),
			($stages | unclear | said("where stage \"\(.)\" of \"\($name)\" stands cannot be told: give it a line without a stage, in the flow's order")),
			($pipeline[] | . as $p | [$p.stages[].stage | . as $s | $rows[] | select(.pipeline == $p.pipeline and .stage == $s and .process == $name)
					| . + {at: (.processstage as $w | [$stages[].stagename] | index($w))}] as $way
				| range(1; $way | length) as $i | select($way[$i].at != null and $way[$i - 1].at != null and $way[$i].at < $way[$i - 1].at)
				| said("pipeline \"\($p.pipeline)\" goes from \"\($way[$i - 1].stage)\" to \"\($way[$i].stage)\", but \"\($name)\" has \"\($way[$i].processstage)\" before \"\($way[$i - 1].processstage)\": that cannot be traversed"))]
		| if . != [] then .[] else
			{object: "process-\($n + 1)", process: $name, workflowid: $f.workflowid, table: ($f.uniquename | ascii_downcase),
			stages: [$stages[] | {stagename, processstageid}],
			pipelines: (reduce ($rows[] | select(.process == $name and .stage != "")) as $r ({};
				([$stages[].stagename] | index($r.processstage)) as $at
				| .[$r.pipeline][$r.stage] = {stage: $stages[$at].processstageid, path: ([$stages[:$at + 1][].processstageid] | join(","))}))} end
	end)
end
