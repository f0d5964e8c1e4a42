/*
 * generate N - N resolved contacts for the benchmark, the same on every machine
 *
 * The shape of a search row of Salesmate with its _ref: 38 fields, about 1.3 KB,
 * some text outside ASCII, some of it as \u escapes, some fields null, empty or
 * missing.  A 64-bit linear congruential generator with a fixed seed.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t state = 20240229;

static unsigned
pick(unsigned n)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(state >> 33) % n;
}

#define ONE_OF(list) list[pick(sizeof(list) / sizeof(list[0]))]

static const char *const first[] = { "Ines", "J\\u00fcrgen", "Ada", "Kenji", "Zoë", "Oluwaseun", "Maria", "Łukasz", "Ben", "Sofia" };
static const char *const last[] = { "Halvorsen", "Petrovic", "O'Neill", "Nu\\u00f1ez", "Sato", "Andersson", "Müller", "Kowalska", "Okafor", "Lindqvist" };
static const char *const job[] = { "Purchasing Manager", "  Head of Sales ", "CEO", "Facilities Coordinator ", "IT Systems Analyst" };
static const char *const type[] = { "Customer", "Evangelist", "Lead", "Subscriber", "Marketing Qualified Lead" };
static const char *const city[] = { "Boston", "Bergen", "K\\u00f6ln", "Portland", "São Paulo", "Kraków", "Nashville" };
static const char *const country[] = { "Norway", "United States", "Germany", "Brazil", "Poland" };
static const char *const text[] = { "They liked the new housing but not the fan noise.", "Budget is confirmed by finance.",
	"The contract goes to legal review on Monday.", "Asked for \\\"green\\\" packaging\\nand a quote.", "Prefers visits in the morning." };
static const char *const channel[] = { "Email", "Phone", "Visit", "None", "Fax", "Post", "Chat", "Web", "Fair", "Referral", "Call", "Other" };

/* A field that is null or empty now and then. */
static void
field(const char *name, const char *value)
{
	unsigned k = pick(25);

	if (k == 0)
		return;
	if (k == 1)
		printf(",\"%s\":null", name);
	else
		printf(",\"%s\":\"%s\"", name, k == 2 ? "" : value);
}

static void
record(unsigned long id)
{
	const char *f = ONE_OF(first), *l = ONE_OF(last);
	unsigned company = 1 + pick(20000), owner = 1 + pick(40);
	unsigned long created = 1400000000ul + pick(300000000);

	printf("{\"id\":%lu,\"name\":\"%s %s\",\"firstName\":\"%s\",\"lastName\":\"%s\",\"email\":\"contact%lu@company%u.example\"",
	    id, f, l, f, l, id, company);
	printf(",\"mobile\":\"+1 (617) 555-%04u\",\"phone\":\"+1 (503) 555-%04u\"", pick(10000), pick(10000));
	field("otherPhone", "+47 555 01 234");
	field("designation", ONE_OF(job));
	printf(",\"type\":\"%s\",\"typeId\":\"%u\",\"company\":{\"id\":%u,\"name\":\"Company %u\"}", ONE_OF(type), pick(7), company, company);
	printf(",\"website\":\"https://www.company%u.example/people/%lu\"", company, id);
	printf(",\"description\":\"%s %s\"", ONE_OF(text), ONE_OF(text));
	printf(",\"currency\":\"USD\",\"billingAddressLine1\":\"%u Quarry Street\"", 1 + pick(999));
	field("billingAddressLine2", "Building C");
	field("billingCity", ONE_OF(city));
	field("billingState", "Massachusetts");
	field("billingZipCode", "02108");
	field("billingCountry", ONE_OF(country));
	field("skypeId", "someone.skype");
	field("linkedInHandle", "some-handle");
	printf(",\"emailOptOut\":%u,\"utmSource\":\"newsletter\",\"utmMedium\":\"email\",\"utmCampaign\":null", pick(2));
	printf(",\"creditLimit\":\"%u.%02u00\",\"channel\":\"%s\"", pick(1000000), pick(100), ONE_OF(channel));
	printf(",\"emailMessageCount\":%u,\"openDealCount\":%u,\"openActivities\":%u", pick(20), pick(5), pick(9));
	printf(",\"lastCommunicationAt\":%lu,\"lastCommunicationMode\":\"Call\"", created + pick(10000000));
	printf(",\"owner\":{\"id\":%u,\"name\":\"Owner %u\"},\"createdAt\":%lu,\"lastModifiedAt\":%lu000,\"isDeleted\":0,\"tags\":\"vip, newsletter\"",
	    owner, owner, created, created + pick(10000000));
	printf(",\"_ref\":{\"self\":{\"table\":\"contact\",\"id\":\"5f0c1b2a-9d3e-8a41-8c55-%012lx\",\"how\":\"new\"}", id);
	printf(",\"company\":{\"table\":\"account\",\"id\":\"7a1c1b2a-9d3e-8a41-8c55-%012x\",\"how\":\"new\"}", company);
	printf(",\"owner\":{\"table\":\"systemuser\",\"id\":\"0b6c1b2a-9d3e-8a41-8c55-%012x\",\"how\":\"matched\"}}}\n", owner);
}

int
main(int argc, char *argv[])
{
	unsigned long n = argc == 2 ? strtoul(argv[1], NULL, 10) : 0, id;

	if (n == 0) {
		fprintf(stderr, "usage: generate N\n");
		return 64;
	}
	for (id = 1; id <= n; id++)
		record(id);
	return fclose(stdout) == 0 ? 0 : 74;
}
