"""Say what a machine could gain: text in, findings out. Nothing is imported, run or asked."""

from .documents import analyse_document
from .finding import Analysis, Finding
from .rules import RULES, SEVERITIES, Rule, Severity
from .sources import analyse_source

__all__ = [
    "RULES",
    "SEVERITIES",
    "Analysis",
    "Finding",
    "Rule",
    "Severity",
    "analyse_document",
    "analyse_source",
]
