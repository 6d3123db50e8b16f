"""The pure cores of the correlation: no Kafka, no Faust, no clock, no environment, no logging."""
