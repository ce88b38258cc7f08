// The API's documentation, by Swagger UI, from this server alone.
declare const SwaggerUIBundle: (options: object) => void;

SwaggerUIBundle({ url: "/openapi.json", dom_id: "#api", deepLinking: true, validatorUrl: null });
