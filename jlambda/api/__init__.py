"""The AWS-compatible HTTP gateway: boto3 and the AWS CLI talk to it unchanged."""
