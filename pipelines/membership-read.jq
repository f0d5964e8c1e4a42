# The CSV read back, as rows to compare with what was mapped (--slurpfile row).  The ' in front of a formula is taken off again.  Memory: the ids of the enrolments.
def plain: if type == "string" and test("^'+\\s*[=+@\\-＝＋－＠]|^'+[\t\r\n]") then .[1:] else . end | if . == "" then null else . end;
($row | map({key: .enrolment, value: .smart_flow_membershipid}) | from_entries) as $id
| inputs | map_values(if . == null then null else tostring | plain end)
| {_table: "smart_flow_membership", smart_flow_membershipid: $id[.Enrolment // ""], enrolment: .Enrolment, flow: .Flow, flow_id: .["Flow id"], module: .Kind, source_id: .["Salesmate id"],
	_target_value: .["Target record id"], "_target_value@Microsoft.Dynamics.CRM.lookuplogicalname": .["Target table"],
	enrolled_at: .["Enrolled at"], exited_at: .["Exited at"], step: .["Step reached"], status: .Status}
