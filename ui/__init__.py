"""The Streamlit explorer: it draws what `lineage.questions` answers and computes nothing itself."""
