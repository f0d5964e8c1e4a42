/*
 * meta_shape - property names of the metadata API's types
 *
 * A $select, $filter or payload that names anything else is refused, as OData
 * does.  OptionSet and GlobalOptionSet are navigation properties: they are
 * expanded, never selected.
 */
#include <string.h>

#include "metadata.h"

const struct shape shape_table = { "EntityMetadata",
	" MetadataId HasChanged ActivityTypeMask AutoRouteToOwnerQueue CanTriggerWorkflow Description DisplayCollectionName DisplayName"
	" EntityHelpUrlEnabled EntityHelpUrl IsDocumentManagementEnabled IsOneNoteIntegrationEnabled IsInteractionCentricEnabled"
	" IsKnowledgeManagementEnabled IsSLAEnabled IsBPFEntity IsDocumentRecommendationsEnabled IsMSTeamsIntegrationEnabled"
	" DataProviderId DataSourceId AutoCreateAccessTeams IsActivity IsActivityParty IsRetrieveAuditEnabled"
	" IsRetrieveMultipleAuditEnabled IsArchivalEnabled IsRetentionEnabled IsAuditEnabled IsAvailableOffline IsChildEntity"
	" IsAIRUpdated IsValidForQueue IsConnectionsEnabled IconLargeName IconMediumName IconSmallName IconVectorName IsCustomEntity"
	" IsBusinessProcessEnabled IsCustomizable IsRenameable IsMappable IsDuplicateDetectionEnabled CanCreateAttributes"
	" CanCreateForms CanCreateViews CanCreateCharts CanBeRelatedEntityInRelationship CanBePrimaryEntityInRelationship"
	" CanBeInManyToMany CanBeInCustomEntityAssociation CanEnableSyncToExternalSearchIndex SyncToExternalSearchIndex"
	" CanModifyAdditionalSettings CanChangeHierarchicalRelationship IsOptimisticConcurrencyEnabled ChangeTrackingEnabled"
	" CanChangeTrackingBeEnabled IsImportable IsIntersect IsMailMergeEnabled IsManaged IsEnabledForCharts"
	" IsEnabledForTrace IsValidForAdvancedFind IsVisibleInMobile IsVisibleInMobileClient IsReadOnlyInMobileClient"
	" IsOfflineInMobileClient DaysSinceRecordLastModified MobileOfflineFilters IsReadingPaneEnabled IsQuickCreateEnabled"
	" LogicalName ObjectTypeCode OwnershipType PrimaryNameAttribute PrimaryImageAttribute PrimaryIdAttribute RecurrenceBaseEntityLogicalName"
	" ReportViewName SchemaName IntroducedVersion IsStateModelAware EnforceStateTransitions ExternalName EntityColor"
	" LogicalCollectionName ExternalCollectionName CollectionSchemaName EntitySetName IsEnabledForExternalChannels IsPrivate"
	" UsesBusinessDataLabelTable IsLogicalEntity HasNotes HasActivities HasFeedback IsSolutionAware TableType CreatedOn ModifiedOn"
	" HasEmailAddresses OwnerId OwnerIdType OwningBusinessUnit SettingOf ", "" };

#define ATTRIBUTE \
	" MetadataId HasChanged AttributeOf AttributeType AttributeTypeName ColumnNumber Description DisplayName DeprecatedVersion" \
	" IntroducedVersion EntityLogicalName IsAuditEnabled IsCustomAttribute IsPrimaryId IsValidODataAttribute IsPrimaryName" \
	" IsValidForCreate IsValidForRead IsValidForUpdate CanBeSecuredForRead CanBeSecuredForCreate CanBeSecuredForUpdate" \
	" IsSecured IsRetrievable IsFilterable IsSearchable IsManaged IsGlobalFilterEnabled IsSortableEnabled LinkedAttributeId" \
	" LogicalName IsCustomizable IsRenameable IsValidForAdvancedFind IsValidForForm IsRequiredForForm IsValidForGrid RequiredLevel" \
	" CanModifyAdditionalSettings SchemaName ExternalName IsLogical IsDataSourceSecret InheritsFrom CreatedOn ModifiedOn SourceType" \
	" AutoNumberFormat "

const struct shape shape_column = { "AttributeMetadata", ATTRIBUTE, "" };

#define RELATIONSHIP \
	" MetadataId HasChanged IsCustomRelationship IsCustomizable IsValidForAdvancedFind SchemaName SecurityTypes IsManaged" \
	" RelationshipType IntroducedVersion "

const struct shape shape_relation = { "RelationshipMetadataBase", RELATIONSHIP, "" };
const struct shape shape_one_to_many = { "OneToManyRelationshipMetadata", RELATIONSHIP,
	" AssociatedMenuConfiguration CascadeConfiguration ReferencedAttribute ReferencedEntity ReferencingAttribute ReferencingEntity"
	" IsHierarchical EntityKey IsRelationshipAttributeDenormalized RelationshipBehavior ReferencedEntityNavigationPropertyName"
	" ReferencingEntityNavigationPropertyName DenormalizedAttributeName " };
const struct shape shape_key = { "EntityKeyMetadata",
	" MetadataId HasChanged AsyncJob DisplayName EntityKeyIndexStatus EntityLogicalName IntroducedVersion IsCustomizable IsManaged"
	" IsExportKey IsSecondaryKey IsSynchronous KeyAttributes LogicalName SchemaName ", "" };
const struct shape shape_choice = { "OptionSetMetadataBase",
	" MetadataId HasChanged Description DisplayName ExternalTypeName IntroducedVersion IsCustomOptionSet IsCustomizable IsGlobal"
	" IsManaged Name OptionSetType ", " Options ParentOptionSetName " };

static const struct { const char *cast, *more; } casts[] = {
	{ "String", " DatabaseLength Format FormatName ImeMode IsLocalizable MaxLength YomiOf FormulaDefinition SourceTypeMask " },
	{ "Memo", " Format FormatName ImeMode IsLocalizable MaxLength " },
	{ "Integer", " Format MaxValue MinValue FormulaDefinition SourceTypeMask DefaultValue " },
	{ "BigInt", " MaxValue MinValue " },
	{ "Decimal", " MaxValue MinValue Precision ImeMode FormulaDefinition SourceTypeMask " },
	{ "Double", " MaxValue MinValue Precision ImeMode " },
	{ "Money", " MaxValue MinValue Precision PrecisionSource ImeMode CalculationOf IsBaseCurrency FormulaDefinition SourceTypeMask " },
	{ "Boolean", " DefaultValue FormulaDefinition SourceTypeMask " },
	{ "DateTime", " Format ImeMode DateTimeBehavior CanChangeDateTimeBehavior MinSupportedValue MaxSupportedValue FormulaDefinition"
	  " SourceTypeMask " },
	{ "Picklist", " DefaultFormValue ParentPicklistLogicalName ChildPicklistLogicalNames FormulaDefinition SourceTypeMask " },
	{ "MultiSelectPicklist", " DefaultFormValue ParentPicklistLogicalName ChildPicklistLogicalNames FormulaDefinition SourceTypeMask " },
	{ "State", " DefaultFormValue ParentPicklistLogicalName ChildPicklistLogicalNames " },
	{ "Status", " DefaultFormValue ParentPicklistLogicalName ChildPicklistLogicalNames " },
	{ "Lookup", " Targets Format " },
	{ "UniqueIdentifier", " Format " },
	{ "EntityName", " DefaultFormValue IsEntityReferenceStored " },
	{ "Image", " IsPrimaryImage MaxHeight MaxWidth MaxSizeInKB CanStoreFullImage " },
	{ "File", " MaxSizeInKB " },
	{ "ManagedProperty", " ManagedPropertyLogicalName ParentAttributeName ParentComponentType ValueAttributeTypeCode " },
};

struct shape
shape_cast(struct arena *m, const char *cast)
{
	struct shape s = { NULL, ATTRIBUTE, "" };
	size_t i;

	for (i = 0; i < sizeof(casts) / sizeof(casts[0]); i++)
		if (strcmp(casts[i].cast, cast) == 0) {
			s.name = arena_printf(m, "%sAttributeMetadata", cast);
			s.more = casts[i].more;
		}
	return s;
}

static bool
word_in(const char *list, const char *name, size_t n)
{
	const char *p = list;

	for (; (p = strchr(p, ' ')) != NULL; p++)
		if (strncmp(p + 1, name, n) == 0 && p[1 + n] == ' ')
			return true;
	return false;
}

bool
shape_has(const struct shape *s, const char *name, size_t n)
{
	return n > 0 && (word_in(s->base, name, n) || word_in(s->more, name, n));
}
