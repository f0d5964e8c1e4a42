# Won and lost deals: their opportunities are closed once everything that hangs on them is there.
OBJECTS += close
TABLE_close = opportunityclose
MODULE_close = deal-close
SOURCE_close = $(DEAL)
IDS_close = close opportunity
LOST_close = deal-close:close deal:opportunity

# Proved on the opportunities themselves: what they say now of state, date and value.
READ_close = opportunity
COLUMNS_close = opportunityid,sm_salesmate_id,sm_status,statecode,statuscode,estimatedvalue,actualvalue,actualclosedate
VERIFY_close = --key opportunityid --compare actualend=actualclosedate --compare actualrevenue=actualvalue \
	--compare _status=statuscode --tally statecode

