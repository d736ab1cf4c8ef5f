"""What an approval is: pure Python, no platform, no AWS."""
