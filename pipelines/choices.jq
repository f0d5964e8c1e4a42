# Pipelines and stages as choices: --arg form map gives lines of the choices table
# (column,source,target), --arg form schema the options to create (column,value,label).
# Numbers: 727000000 (the publisher's prefix) plus Salesmate's own id, so that they
# stay the same when a pipeline or stage is added, renamed or moved; where the
# account gives no ids, the place in the list.
def line($column; $number; $text):
	if $form == "map" then [$column, $text, 727000000 + $number] else [$column, 727000000 + $number, $text] end;
def stages: [.[] | .pipeline as $p | .stages[] | {id, text: "\($p) / \(.stage)", probability: .winProbability}];
(if $form == "schema" then ["column", "value", "label"] else empty end),
(to_entries[] | line("sm_pipeline"; .value.id // (.key + 1); .value.pipeline)),
(stages | to_entries[] | line("sm_dealstage"; .value.id // (.key + 1); .value.text)),
# The probability of a stage, for deals that have none of their own.
(stages[] | select($form == "map" and .probability != null) | ["closeprobability", .text, .probability])
| @csv
