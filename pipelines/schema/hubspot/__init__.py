"""HubSpot's side of objects as code: schemas, properties, labels, pipelines, rules, workflows."""
