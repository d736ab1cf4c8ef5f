"""The DynamoDB table and the secrets beside it."""
