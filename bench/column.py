"""The columns of the table that every run has; a metric declares its own in its file.

One row a case, tidy, units in the names. `run.json` carries the declared columns of its run, so that the reading
side needs neither torch nor the metric that filled them.
"""

from __future__ import annotations

import dataclasses

__all__ = ["COLUMNS", "SCHEMA_VERSION", "Column"]

# Raise it when a column changes its name or its meaning.
# 1: first.
# 2: the interval of task_accuracy is over seeds and test samples; steps are of a task; parameters may be counted.
# 3: of CUDA latencies are the device's and reserved bytes the whole; errors of decode are of the step.
# 4: the interval of a ratio has the machine's moods in it.
# 5: it has twice the machine's drift in it.
SCHEMA_VERSION = 5


@dataclasses.dataclass(frozen=True, slots=True)
class Column:
    """A column of the table."""

    name: str
    """Ends in its unit where it has one."""
    about: str
    """One sentence: what it says and when it is absent."""
    kind: str = "number"
    """`number`, `text` or `flag`."""
    better: str = ""
    """`lower`, `higher`, or empty where neither is better."""


def _c(name: str, about: str, kind: str = "number", better: str = "") -> Column:
    return Column(name, about, kind, better)


COLUMNS: tuple[Column, ...] = (
    _c("run", "The run's folder name.", "text"),
    _c("machine", "Short name of the machine's fingerprint.", "text"),
    _c(
        "commit",
        "Git commit of the checkout that the suite lies in, else of bench's own; absent outside one.",
        "text",
    ),
    _c("started_utc", "When the run began.", "text"),
    _c("suite", "The suite's name.", "text"),
    _c("sweep", "The sweep of the suite that asked for the case.", "text"),
    _c("case_id", "The case, for people.", "text"),
    _c("case_hash", "The case, for machines: changes whenever what is measured changes.", "text"),
    _c("operator", "What is measured.", "text"),
    _c("provider", "Who wrote the implementation.", "text"),
    _c("provider_version", "The version of the package that gave the implementation.", "text"),
    _c("provider_notes", "What was switched off in another package's implementation, or differs from ours.", "text"),
    _c("scope", "projection, core, layer or model.", "text"),
    _c("phase", "forward, train or decode.", "text"),
    _c("device", "cpu or cuda.", "text"),
    _c("dtype", "Of inputs and weights.", "text"),
    _c("adapter_dtype", "Of an adapter's weights; absent: as dtype.", "text"),
    _c("batch_size", "Samples a call."),
    _c("num_heads", "Query heads; absent at scope projection."),
    _c("num_kv_heads", "Key and value heads; absent at scope projection."),
    _c("head_dim", "Width of a head; absent at scope projection."),
    _c("hidden_size", "num_heads × head_dim, or in_features."),
    _c("out_features", "Of a projection."),
    _c("seq_len", "Tokens a sample."),
    _c("rank", "In the sense that rank_kind names; absent for an operator without one."),
    _c("rank_kind", "What rank means for this operator.", "text"),
    _c("options", "The operator's own numbers, name=value.", "text"),
    _c("causal", "Whether a token sees only itself and those before it.", "flag"),
    _c("mask", "none or padding.", "text"),
    _c("input", "What was fed; absent where a task's samples are.", "text"),
    _c("modality", "language, vision or audio; absent where the input is generated.", "text"),
    _c("compiled", "Whether torch.compile was applied.", "flag"),
    _c("graph_replay", "Whether a CUDA graph was replayed; nothing replays one yet.", "flag"),
    _c("threads", "Threads that torch used."),
    _c("model", "Of scope model: the pretrained model; absent where one is trained from scratch.", "text"),
    _c("layers", "Blocks of a model that is not pretrained."),
    _c("layer", "Of a pretrained model: the only layer whose attention is replaced, from 0; absent: all are."),
    _c("seed", "Of inputs and weights; of a task's further seeds, the first."),
    _c("steps", "Of a task: training steps that were asked for."),
    _c("seconds", "Of a task: training time that was asked for in place of steps, in seconds."),
    _c("seeds", "Of a task: how often it was asked for, each time with another seed; absent: once."),
    _c("learning_rate", "Of a task: the optimiser's; absent: what the operator, or the task, usually takes."),
    _c("recover_steps", "Of a task: training steps of the whole model after its attention was replaced."),
    _c("status", "ok, or why there is no latency.", "text"),
    _c("reason", "The status's detail, and what would mend it.", "text"),
    _c("rounds", "Rounds that count: fresh processes of this case beside its baseline."),
    _c("samples", "Timed blocks in those rounds."),
    _c(
        "stop",
        "What ended the measuring: precision (of the interval over rounds, moods left out), rounds or budget.",
        "text",
    ),
    _c("disturbed", "Share of rounds in which other programs took processor time."),
    _c("warnings", "What to know beside the numbers.", "text"),
    _c("latency_median_s", "Seconds a call: median over rounds, each corrected by its pace-maker.", better="lower"),
    _c(
        "latency_ci_low_s",
        "Lower end of the latency's interval, drift included; on a shared machine it holds less than 95 %.",
    ),
    _c("latency_ci_high_s", "Upper end of the same."),
    _c("latency_raw_median_s", "Seconds a call, not corrected by the pace-maker.", better="lower"),
    _c("latency_min_s", "The fastest block, not corrected.", better="lower"),
    _c("latency_p90_s", "The 90th percentile over blocks, not corrected.", better="lower"),
    _c("latency_ratio", "Latency over the baseline's, formed inside each round; median.", better="lower"),
    _c("latency_ratio_ci_low", "Lower end of the ratio's 95 % interval over rounds, moods of the machine included."),
    _c("latency_ratio_ci_high", "Upper end of the same."),
    _c("baseline", "case_id of the baseline of the group.", "text"),
    _c("launch_s", "Seconds that the host takes to launch a call, beside the device's latency; of CUDA only."),
    _c("compile_s", "Seconds that torch.compile and the first call took; absent where not compiled."),
    _c("peak_rss_bytes", "Largest resident set of a measuring process, torch itself included.", better="lower"),
    _c("kv_cache_bytes", "Of phase decode: bytes cached, by closed form.", better="lower"),
    _c("flops_formula", "Matrix-product FLOPs of a call by closed form."),
    _c("flops_ideal", "The same, counting only pairs that the definition needs (causal: half)."),
    _c(
        "flops_counter_gap",
        "flops_formula minus what torch's counter is declared to count; absent for other packages.",
    ),
    _c("bytes_min", "Bytes that any implementation must move."),
    _c("bytes_algorithm", "Bytes that the algorithm moves, by closed form; absent for other packages."),
    _c("parameters", "Weights, frozen ones too, by closed form; of a case with a task as counted.", better="lower"),
    _c(
        "trainable_parameters",
        "Weights that train changes, by closed form; of a case with a task as counted.",
        better="lower",
    ),
    _c("flops_per_s", "flops_formula over latency_median_s.", better="higher"),
    _c("roofline_share", "Least time by the machine's measured peaks over the time taken.", better="higher"),
    _c("energy_j", "Joules a call; absent: nothing measures it yet.", better="lower"),
    _c("energy_source", "What measured energy_j; none yet.", "text"),
    _c("error_reference", "Operator that its errors are against; absent: exact attention, or no error.", "text"),
    _c("input_entropy", "Hardness of the input: mean row entropy of exact attention over ln n; 1 is uniform."),
    _c("input_stable_rank", "Hardness of the input: ‖A‖_F² / ‖A‖_2² of exact attention, mean over heads."),
    _c(
        "eckart_young_error", "Least attention_rel_error that any matrix of the case's rank can have.", better="lower"
    ),
    _c("task", "Of scope model: on what accuracy is taken.", "text"),
    _c("application", "What is done with the task: trained, swapped or adapted; absent without one.", "text"),
    _c("task_status", "ok, diverged (a seed's loss was not finite), or why a seed came to no end.", "text"),
    _c("task_reason", "The detail of task_status, and what would mend it.", "text"),
    _c("task_metric", "What task_value is: accuracy, perplexity, bits_per_character or word_error_rate.", "text"),
    _c("task_value", "On the test samples, mean over seeds; absent where a seed diverged, or none came to its end."),
    _c("task_value_ci_low", "Lower end of its 95 % interval over seeds and test samples; of one seed over samples."),
    _c("task_value_ci_high", "Upper end of the same."),
    _c("task_difference", "task_value less the baseline's, with the same seeds on the same samples."),
    _c("task_difference_ci_low", "Lower end of its 95 % interval, paired by seed and sample."),
    _c("task_difference_ci_high", "Upper end of the same."),
    _c("task_step", "task_value less that of the same case at the next lower rank of the run."),
    _c("task_step_ci_low", "Lower end of its 95 % interval, paired by seed and sample."),
    _c("task_step_ci_high", "Upper end of the same."),
    _c("task_accuracy", "task_value where that is an accuracy.", better="higher"),
    _c("task_accuracy_ci_low", "Lower end of its 95 % interval over seeds and test samples."),
    _c("task_accuracy_ci_high", "Upper end of the same."),
    _c(
        "task_majority", "task_value of the largest class in training, of chance, of a unigram, or of saying nothing."
    ),
    _c("task_linear", "task_value of a linear model, or of the task's other simple one, on the same test samples."),
    _c("task_seeds", "Seeds that came to their end and did not diverge."),
    _c("task_samples", "Test samples that each seed was scored on."),
    _c("task_diverged", "Seeds whose loss was not finite.", better="lower"),
    _c(
        "task_learning_rate", "Learning rate that it was trained with, also where the suite leaves it to the default."
    ),
    _c("task_steps", "Training steps that were made, mean over seeds; 0 where nothing is trained."),
    _c("task_train_s", "Seconds of training, mean over seeds; evaluations not counted."),
    _c("task_value_before", "task_value before the first training step, mean over seeds."),
    _c("task_curve", "The learning curve, step:seconds:value on validation samples, mean over seeds.", "text"),
    _c("checkpoint_bytes", "Bytes on disk of the weights that were trained, the head among them.", better="lower"),
    _c("step0_rel_error", "Of an adapter: logits at step 0 against the base model's, relative.", better="lower"),
    _c("merge_rel_error", "Of an adapter: logits after merging against those before, relative.", better="lower"),
    _c("second_task_difference", "Value on the task's second task after training less that before, mean over seeds."),
    _c("layer_rel_errors", "Error of each layer's output against the exact model's, first layer first.", "text"),
)
