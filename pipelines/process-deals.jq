# The deals of the pipelines that are bound to one process, with the flow's stage and the path to it.  Lines are copied
# byte for byte; a stage that Salesmate does not declare has neither, and its opportunity was set aside for that.
(first($bound[] | select(.object == $object)) | .pipelines) as $pipelines
| . as $line | (try fromjson catch null) | objects | select(.pipeline | type == "string") | $pipelines[.pipeline] as $stages | select($stages)
| (.stage | if type == "string" then $stages[.] else null end) as $at
| if $at == null then $line else ($line | sub("[ \t\r]*}[ \t\r]*$"; "")) + ",\"_stage\":\($at.stage | tojson),\"_path\":\($at.path | tojson)}" end
