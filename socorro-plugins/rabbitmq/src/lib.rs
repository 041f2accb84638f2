//! Queues of new crashes in RabbitMQ.
