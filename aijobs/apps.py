from django.apps import AppConfig


class AIJobsConfig(AppConfig):
    name = "aijobs"
    verbose_name = "AI Jobs"
