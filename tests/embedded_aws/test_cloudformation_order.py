"""The order in which the embedded CloudFormation works, as a function of the template."""

from embedded_aws.cloudformation_order import worst_order


def test_the_order_is_the_worst_that_is_legal() -> None:
    """Personalize comes right after its references, and policies it doesn't wait for come last."""
    resources = {
        "APolicy": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"Roles": [{"Ref": "Role"}]}},
        "BPolicy": {"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": {"Ref": "Data"}}},
        "Data": {"Type": "AWS::S3::Bucket"},
        "Group": {
            "Type": "AWS::Personalize::DatasetGroup",
            "Properties": {"RoleArn": {"Fn::GetAtt": ["Role", "Arn"]}},
        },
        "Role": {"Type": "AWS::IAM::Role"},
        "Waits": {
            "Type": "AWS::Personalize::Dataset",
            "DependsOn": "BPolicy",
            "Properties": {"DatasetGroupArn": {"Ref": "Group"}},
        },
    }
    assert worst_order(resources, {}) == ["Role", "Group", "Data", "BPolicy", "Waits", "APolicy"]
