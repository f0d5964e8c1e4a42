# A specification for every pipeline that no flow of the target is bound to: {file, text}.
# Input: the deals; --slurpfile pipeline, bound.  Numbers of the choices as in choices.jq.
def cell: tostring | gsub("\\|"; "\\|") | gsub("[\r\n]+"; " ");
def slug: ascii_downcase | gsub("[^a-z0-9]+"; "-") | gsub("^-|-$"; "") | if . == "" then "pipeline" else .[:60] end;
(reduce inputs as $d ({}; [$d.pipeline, $d.stage, (if $d.status == "Open" then "open" elif $d.status == "Won" or $d.status == "Close" then "won"
	elif $d.status == "Lost" then "lost" else "other" end)] as $k
	| ($k | tojson) as $k | .[$k] = (.[$k] // 0) + 1)) as $deals
| def count($p; $s; $what): $deals[[$p, $s, $what] | tojson] // 0;
[$pipeline[] | .pipeline as $p | .stages[] | {p: $p, s: .stage, id}] as $all
| $pipeline | to_entries[] | .key as $n | .value | .pipeline as $p
| select(all($bound[]; .pipelines[$p] == null))
| ([.stages[].stage]) as $declared
| ([$deals | to_entries[] | {k: (.key | fromjson), n: .value} | select(.k[0] == $p and (.k[1] as $s | $declared | index([$s]) | not))]
	| group_by(.k[1]) | map("\(.[0].k[1] | if . == null or . == "" then "none" else "\"\(.)\"" end) (\(map(.n) | add))")) as $strange
| {file: "process-\(.id // ($n + 1))-\($p | slug).md", text: (
"# Process flow to build: \($p)

No business process flow of the target is bound to this pipeline of Salesmate, so its opportunities carry pipeline and
stage as the choices `sm_pipeline` and `sm_dealstage`, and the probability of the stage as `closeprobability`; they have no
flow at all, the platform's default one included. This is the flow that would show the same to its users.

- Table: Opportunity (`opportunity`)
- Name: \($p)
- Choice `sm_pipeline`: \(727000000 + (.id // ($n + 1)))
- Win probability: \(if .isWinProbabilityEnabledManually == 1 or .isWinProbabilityEnabledManually == true then "set by hand on the deal; that of the stage where a deal has none" else "that of the stage" end)

## Stages, in their order

| # | Stage | `sm_dealstage` | Probability | Rotten after | Open now | Won | Lost |
| --- | --- | --- | --- | --- | --- | --- | --- |
\([.stages | to_entries[] | .key as $i | .value | . as $s | "| \($i + 1) | \(.stage | cell) | \(727000000 + (.id // (($all | map(.p == $p and .s == $s.stage) | index(true)) + 1))) | \(if .winProbability == null then "" else "\(.winProbability) %" end) | \(if .rottenPeriod == null then "" else "\(.rottenPeriod) days" end) | \(count($p; .stage; "open")) | \(count($p; .stage; "won")) | \(count($p; .stage; "lost")) |"] | join("\n"))

\(if $strange == [] then "" else "Deals of this pipeline at stages that it does not declare, set aside for a person: \($strange | map(cell) | join(", ")).\n\n" end)## Building it

1. In the solution of the migration, add a business process flow on Opportunity with these stages in this order; give each
   stage the field `sm_dealstage` as its first step.
2. Activate it, and put it after the flows that other sales teams use, so that it is no record's default by accident.
3. Name pipeline, stages and flow in `maps/processes.csv` (`pipeline,stage,process,processstage`, a line a stage) and run
   `make` again: each opportunity gets an instance at its stage, with the stages before it as the path; those of closed
   deals are finished.
4. Salesmate calls a deal rotten after the days above without activity; the target has no such mark. A view on
   `sm_rotten_date` or a flow in Power Automate does the same.
")}
