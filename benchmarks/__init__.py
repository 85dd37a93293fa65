"""What the gateway can do, each figure beside a yardstick that is measured in the same run on the same machine."""
