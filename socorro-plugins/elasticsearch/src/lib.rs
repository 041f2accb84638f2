//! Processed crashes indexed in Elasticsearch or OpenSearch.
