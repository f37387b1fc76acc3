"""What answers plain HTTP with functions: function URLs, API Gateway, load balancers."""
