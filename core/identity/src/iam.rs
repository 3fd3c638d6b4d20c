//! The operations on users, groups, roles and their policies.
//!
//! Each reads the rows that it is about, asks whether the caller may, and answers with one guarded batch; what it means for
//! anybody's calls is the affair of [`crate::standing`], which sees the rows change. Names, limits and texts are IAM's.

mod account;
mod attached;
mod desk;
mod details;
mod documents;
mod error;
mod groups;
mod holders;
mod inline;
mod keys;
mod pages;
mod policies;
mod profiles;
mod roles;
mod simulate;
mod spans;
mod tags;
mod users;

use sealroom_api::error::ErrorAnswer;
use sealroom_api::iam::{self as shapes, IamService, Operation};
use sealroom_audit::{Effect, Effects};

use crate::call::Call;
use crate::identity::Identity;
use desk::Desk;
pub(crate) use error::text_of as document_text;

/// One line an operation: its method, its name, what it is asked and answers, and the function that does it.
macro_rules! operations {
    ($($method:ident $name:ident $input:ident $output:ident => $function:path;)*) => { $(
        async fn $method(&self, cx: &Call, input: &shapes::$input) -> Effect<shapes::$output, ErrorAnswer> {
            let desk = Desk::new(self, cx, Operation::$name);
            let outcome = Box::pin($function(&desk, input)).await;
            desk.close(outcome, || input.audit_parameters(), shapes::$output::audit_elements)
        }
    )* };
}

impl IamService for Identity {
    type Context = Call;
    type Out = Effects<ErrorAnswer>;

    operations! {
        add_role_to_instance_profile AddRoleToInstanceProfile AddRoleToInstanceProfileInput AddRoleToInstanceProfileOutput => profiles::add_role;
        add_user_to_group AddUserToGroup AddUserToGroupInput AddUserToGroupOutput => groups::add_user;
        attach_group_policy AttachGroupPolicy AttachGroupPolicyInput AttachGroupPolicyOutput => attached::attach_group;
        attach_role_policy AttachRolePolicy AttachRolePolicyInput AttachRolePolicyOutput => attached::attach_role;
        attach_user_policy AttachUserPolicy AttachUserPolicyInput AttachUserPolicyOutput => attached::attach_user;
        create_access_key CreateAccessKey CreateAccessKeyInput CreateAccessKeyOutput => keys::create;
        create_account_alias CreateAccountAlias CreateAccountAliasInput CreateAccountAliasOutput => account::create_alias;
        create_group CreateGroup CreateGroupInput CreateGroupOutput => groups::create;
        create_instance_profile CreateInstanceProfile CreateInstanceProfileInput CreateInstanceProfileOutput => profiles::create;
        create_policy CreatePolicy CreatePolicyInput CreatePolicyOutput => policies::create;
        create_policy_version CreatePolicyVersion CreatePolicyVersionInput CreatePolicyVersionOutput => policies::create_version;
        create_role CreateRole CreateRoleInput CreateRoleOutput => roles::create;
        create_user CreateUser CreateUserInput CreateUserOutput => users::create;
        delete_access_key DeleteAccessKey DeleteAccessKeyInput DeleteAccessKeyOutput => keys::delete;
        delete_account_alias DeleteAccountAlias DeleteAccountAliasInput DeleteAccountAliasOutput => account::delete_alias;
        delete_group DeleteGroup DeleteGroupInput DeleteGroupOutput => groups::delete;
        delete_group_policy DeleteGroupPolicy DeleteGroupPolicyInput DeleteGroupPolicyOutput => inline::delete_group;
        delete_instance_profile DeleteInstanceProfile DeleteInstanceProfileInput DeleteInstanceProfileOutput => profiles::delete;
        delete_policy DeletePolicy DeletePolicyInput DeletePolicyOutput => policies::delete;
        delete_policy_version DeletePolicyVersion DeletePolicyVersionInput DeletePolicyVersionOutput => policies::delete_version;
        delete_role DeleteRole DeleteRoleInput DeleteRoleOutput => roles::delete;
        delete_role_permissions_boundary DeleteRolePermissionsBoundary DeleteRolePermissionsBoundaryInput DeleteRolePermissionsBoundaryOutput => attached::unbind_role;
        delete_role_policy DeleteRolePolicy DeleteRolePolicyInput DeleteRolePolicyOutput => inline::delete_role;
        delete_user DeleteUser DeleteUserInput DeleteUserOutput => users::delete;
        delete_user_permissions_boundary DeleteUserPermissionsBoundary DeleteUserPermissionsBoundaryInput DeleteUserPermissionsBoundaryOutput => attached::unbind_user;
        delete_user_policy DeleteUserPolicy DeleteUserPolicyInput DeleteUserPolicyOutput => inline::delete_user;
        detach_group_policy DetachGroupPolicy DetachGroupPolicyInput DetachGroupPolicyOutput => attached::detach_group;
        detach_role_policy DetachRolePolicy DetachRolePolicyInput DetachRolePolicyOutput => attached::detach_role;
        detach_user_policy DetachUserPolicy DetachUserPolicyInput DetachUserPolicyOutput => attached::detach_user;
        get_account_authorization_details GetAccountAuthorizationDetails GetAccountAuthorizationDetailsInput
            GetAccountAuthorizationDetailsOutput => details::get;
        get_account_summary GetAccountSummary GetAccountSummaryInput GetAccountSummaryOutput => account::summary;
        get_group GetGroup GetGroupInput GetGroupOutput => groups::get;
        get_group_policy GetGroupPolicy GetGroupPolicyInput GetGroupPolicyOutput => inline::get_group;
        get_instance_profile GetInstanceProfile GetInstanceProfileInput GetInstanceProfileOutput => profiles::get;
        get_policy GetPolicy GetPolicyInput GetPolicyOutput => policies::get;
        get_policy_version GetPolicyVersion GetPolicyVersionInput GetPolicyVersionOutput => policies::get_version;
        get_role GetRole GetRoleInput GetRoleOutput => roles::get;
        get_role_policy GetRolePolicy GetRolePolicyInput GetRolePolicyOutput => inline::get_role;
        get_user GetUser GetUserInput GetUserOutput => users::get;
        get_user_policy GetUserPolicy GetUserPolicyInput GetUserPolicyOutput => inline::get_user;
        list_access_keys ListAccessKeys ListAccessKeysInput ListAccessKeysOutput => keys::list;
        list_account_aliases ListAccountAliases ListAccountAliasesInput ListAccountAliasesOutput => account::list_aliases;
        list_attached_group_policies ListAttachedGroupPolicies ListAttachedGroupPoliciesInput ListAttachedGroupPoliciesOutput => attached::list_group;
        list_attached_role_policies ListAttachedRolePolicies ListAttachedRolePoliciesInput ListAttachedRolePoliciesOutput => attached::list_role;
        list_attached_user_policies ListAttachedUserPolicies ListAttachedUserPoliciesInput ListAttachedUserPoliciesOutput => attached::list_user;
        list_entities_for_policy ListEntitiesForPolicy ListEntitiesForPolicyInput ListEntitiesForPolicyOutput => policies::list_entities;
        list_group_policies ListGroupPolicies ListGroupPoliciesInput ListGroupPoliciesOutput => inline::list_group;
        list_groups ListGroups ListGroupsInput ListGroupsOutput => groups::list;
        list_groups_for_user ListGroupsForUser ListGroupsForUserInput ListGroupsForUserOutput => groups::list_for_user;
        list_instance_profiles ListInstanceProfiles ListInstanceProfilesInput ListInstanceProfilesOutput => profiles::list;
        list_instance_profiles_for_role ListInstanceProfilesForRole ListInstanceProfilesForRoleInput ListInstanceProfilesForRoleOutput => profiles::list_for_role;
        list_policies ListPolicies ListPoliciesInput ListPoliciesOutput => policies::list;
        list_policy_tags ListPolicyTags ListPolicyTagsInput ListPolicyTagsOutput => policies::list_tags;
        list_policy_versions ListPolicyVersions ListPolicyVersionsInput ListPolicyVersionsOutput => policies::list_versions;
        list_role_policies ListRolePolicies ListRolePoliciesInput ListRolePoliciesOutput => inline::list_role;
        list_role_tags ListRoleTags ListRoleTagsInput ListRoleTagsOutput => tags::list_role_tags;
        list_roles ListRoles ListRolesInput ListRolesOutput => roles::list;
        list_user_policies ListUserPolicies ListUserPoliciesInput ListUserPoliciesOutput => inline::list_user;
        list_user_tags ListUserTags ListUserTagsInput ListUserTagsOutput => tags::list_user_tags;
        list_users ListUsers ListUsersInput ListUsersOutput => users::list;
        put_group_policy PutGroupPolicy PutGroupPolicyInput PutGroupPolicyOutput => inline::put_group;
        put_role_permissions_boundary PutRolePermissionsBoundary PutRolePermissionsBoundaryInput PutRolePermissionsBoundaryOutput => attached::bound_role;
        put_role_policy PutRolePolicy PutRolePolicyInput PutRolePolicyOutput => inline::put_role;
        put_user_permissions_boundary PutUserPermissionsBoundary PutUserPermissionsBoundaryInput PutUserPermissionsBoundaryOutput => attached::bound_user;
        put_user_policy PutUserPolicy PutUserPolicyInput PutUserPolicyOutput => inline::put_user;
        remove_role_from_instance_profile RemoveRoleFromInstanceProfile RemoveRoleFromInstanceProfileInput RemoveRoleFromInstanceProfileOutput => profiles::remove_role;
        remove_user_from_group RemoveUserFromGroup RemoveUserFromGroupInput RemoveUserFromGroupOutput => groups::remove_user;
        set_default_policy_version SetDefaultPolicyVersion SetDefaultPolicyVersionInput SetDefaultPolicyVersionOutput => policies::set_default_version;
        simulate_custom_policy SimulateCustomPolicy SimulateCustomPolicyInput SimulateCustomPolicyOutput => simulate::custom;
        simulate_principal_policy SimulatePrincipalPolicy SimulatePrincipalPolicyInput SimulatePrincipalPolicyOutput => simulate::principal;
        get_context_keys_for_custom_policy GetContextKeysForCustomPolicy GetContextKeysForCustomPolicyInput GetContextKeysForCustomPolicyOutput => simulate::keys_of_custom;
        get_context_keys_for_principal_policy GetContextKeysForPrincipalPolicy GetContextKeysForPrincipalPolicyInput GetContextKeysForPrincipalPolicyOutput => simulate::keys_of_principal;
        tag_policy TagPolicy TagPolicyInput TagPolicyOutput => policies::tag;
        tag_role TagRole TagRoleInput TagRoleOutput => tags::tag_role;
        tag_user TagUser TagUserInput TagUserOutput => tags::tag_user;
        untag_policy UntagPolicy UntagPolicyInput UntagPolicyOutput => policies::untag;
        untag_role UntagRole UntagRoleInput UntagRoleOutput => tags::untag_role;
        untag_user UntagUser UntagUserInput UntagUserOutput => tags::untag_user;
        update_access_key UpdateAccessKey UpdateAccessKeyInput UpdateAccessKeyOutput => keys::update;
        update_assume_role_policy UpdateAssumeRolePolicy UpdateAssumeRolePolicyInput UpdateAssumeRolePolicyOutput => roles::update_trust;
        update_group UpdateGroup UpdateGroupInput UpdateGroupOutput => groups::update;
        update_role UpdateRole UpdateRoleInput UpdateRoleOutput => roles::update;
        update_role_description UpdateRoleDescription UpdateRoleDescriptionInput UpdateRoleDescriptionOutput => roles::update_description;
        update_user UpdateUser UpdateUserInput UpdateUserOutput => users::update;
    }
}
