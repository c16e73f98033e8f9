"""Makes models of fraud from recorded payments, and judges them; needs the extra `training`.

Nothing that serves payments imports this package: numpy, pandas, pyarrow, scikit-learn, XGBoost and
matplotlib are loaded here and nowhere else.
"""
