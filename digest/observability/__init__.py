"""What tells the people and the machines that run it how it fares: logs, metrics, health. Nothing in here names an address."""
