# What contact.csv says, as a person writes it in jq.
def iso: if . == null or . == "" then null else (tonumber | if . >= 10000000000 then . / 1000 | floor else . end | todate) end;
def bind($set): if . == null then null else "/\($set)(\(.id))" end;
{Email: 2, Phone: 3, Fax: 4, Post: 5, Visit: 1, None: 1, Chat: 1, Web: 1, Fair: 1, Referral: 1, Call: 1, Other: 1} as $channel
| {
	_table: "contact", _source: {module: "contact", id: (.id | tostring)}, contactid: ._ref.self.id,
	firstname: .firstName, lastname: .lastName, emailaddress1: .email, mobilephone: .mobile, telephone1: .phone,
	telephone2: .otherPhone, jobtitle: (.designation // "" | gsub("^\\s+|\\s+$"; "")), websiteurl: .website,
	description: .description, address1_line1: .billingAddressLine1, address1_line2: .billingAddressLine2,
	address1_city: .billingCity, address1_stateorprovince: .billingState, address1_postalcode: .billingZipCode,
	address1_country: .billingCountry, department: .lastCommunicationMode, nickname: .skypeId,
	assistantname: .linkedInHandle, managername: .owner.name, employeeid: (.id | tostring), ftpsiteurl: .utmSource,
	donotbulkemail: (.emailOptOut == 1 or .emailOptOut == true), creditlimit: (.creditLimit | tonumber),
	preferredcontactmethodcode: $channel[.channel], childrensnames: ([.type, .tags] | map(select(. != null and . != "")) | join(" / ")),
	overriddencreatedon: (.createdAt | iso), lastonholdtime: (.lastModifiedAt | iso),
	anniversary: (.lastCommunicationAt | iso | .[0:10]?),
	"parentcustomerid_account@odata.bind": (._ref.company | bind("accounts")),
	"ownerid@odata.bind": (._ref.owner | bind("systemusers")), salutation: "imported"
} | with_entries(select(.value != null and .value != ""))
