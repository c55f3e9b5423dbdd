"""What is learnt from: sources to samples (``sets``), samples to batches (``batches``).

``files`` reads folders and tars, ``samples`` decodes, ``transforms`` crops and mirrors images
with their labels, ``labels`` keeps what is expensive to compute.
"""

from train.data.batches import BatchConfig, Batches, prefetch
from train.data.labels import cache_folder, cached, compute_labels
from train.data.samples import IGNORE, Damaged, Sample
from train.data.sets import READERS, open_source, split_source

__all__ = [
    "IGNORE",
    "READERS",
    "BatchConfig",
    "Batches",
    "Damaged",
    "Sample",
    "cache_folder",
    "cached",
    "compute_labels",
    "open_source",
    "prefetch",
    "split_source",
]
