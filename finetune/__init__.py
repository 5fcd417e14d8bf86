"""Fine-tuning from a deployment's own conversations.

Datasets are built from the log, adapters and retrievers are trained on them, evaluations compare the result with what
is live, and the gate decides whether it is promoted to a release. Which release is live in a database:

```python
from dialogue import Store
from finetune import Releases, upgrade

url = "sqlite:///conversations.db"
await upgrade(url)
async with await Store.open(url) as store:
    live = await Releases(store.database).live()
    print(live.number, dict(live.names))
```
"""

from typing import TYPE_CHECKING

from retrieval.exports import lazy_exports

if TYPE_CHECKING:
    from finetune.datasets.builder import BuildOptions as BuildOptions
    from finetune.datasets.builder import build_dataset as build_dataset
    from finetune.datasets.dataset import Dataset as Dataset
    from finetune.errors import FinetuneError as FinetuneError
    from finetune.examples import GroundingExample as GroundingExample
    from finetune.examples import PreferenceExample as PreferenceExample
    from finetune.examples import RetrievalExample as RetrievalExample
    from finetune.examples import RewritingExample as RewritingExample
    from finetune.examples import read_examples as read_examples
    from finetune.gate import Decision as Decision
    from finetune.gate import GatePolicy as GatePolicy
    from finetune.gate import decide as decide
    from finetune.merging import merge_adapter as merge_adapter
    from finetune.migrations import upgrade as upgrade
    from finetune.release import ActiveModels as ActiveModels
    from finetune.release import Release as Release
    from finetune.releases import Releases as Releases
    from finetune.training.language_model import train_language_model as train_language_model
    from finetune.training.options import TrainingObjective as TrainingObjective
    from finetune.training.options import TrainingOptions as TrainingOptions

PUBLIC = {
    "finetune.datasets.builder": ["BuildOptions", "build_dataset"],
    "finetune.datasets.dataset": ["Dataset"],
    "finetune.errors": ["FinetuneError"],
    "finetune.examples": [
        "GroundingExample",
        "PreferenceExample",
        "RetrievalExample",
        "RewritingExample",
        "read_examples",
    ],
    "finetune.gate": ["Decision", "GatePolicy", "decide"],
    "finetune.merging": ["merge_adapter"],
    "finetune.migrations": ["upgrade"],
    "finetune.release": ["ActiveModels", "Release"],
    "finetune.releases": ["Releases"],
    "finetune.training.language_model": ["train_language_model"],
    "finetune.training.options": ["TrainingObjective", "TrainingOptions"],
}

__all__ = [*sorted(name for names in PUBLIC.values() for name in names)]

if not TYPE_CHECKING:
    __getattr__ = lazy_exports(__name__, PUBLIC)
