"""Neo objects that Neo itself would make slowly, or not at all: many spike trains, blocks of several populations."""

from __future__ import annotations

from typing import Any

import neo
import numpy as np
from neo.core.spiketrainlist import SpikeTrainList


class SpikeTrains(SpikeTrainList):
    """Neo's list of spike trains, made from arrays in one pass over the spikes instead of one for each cell.

    Pickled and copied it is Neo's own.
    """

    def _spiketrains_from_array(self) -> None:
        if self._spike_time_array is None:
            super()._spiketrains_from_array()
            return
        channels = np.asarray(self._all_channel_ids)
        ascending = np.argsort(channels)
        place = np.searchsorted(channels, self._channel_id_array, sorter=ascending)
        # sixteen bits are sorted by counting
        order = np.argsort(place.astype(np.uint16) if len(channels) <= 1 << 16 else place, kind="stable")
        times = np.asarray(self._spike_time_array)[order]
        ends = np.cumsum(np.bincount(place, minlength=len(channels)))
        parts = dict(zip(ascending.tolist(), np.split(times, ends[:-1]), strict=True))
        self._items = [self._spike_train(i, parts[i]) for i in range(len(channels))]

    def _spike_train(self, i: int, times: np.ndarray) -> neo.SpikeTrain:
        train = neo.SpikeTrain(times, units=self._spike_time_array.units, **self._spiketrain_metadata)
        for name, value in self._annotations.items():
            train.annotate(**{name: value if isinstance(value, str) else value[i]})
        train.annotate(channel_id=self._all_channel_ids[i])
        train.segment = self.segment
        return train

    def __reduce_ex__(self, protocol: Any) -> Any:
        return SpikeTrainList, (), self.__dict__


def merged(blocks: list[neo.Block]) -> neo.Block:
    """The first block with the data of the others, segment by segment.

    As Neo's own merging, but what does not fit together (another sampling interval or start) stays apart.
    """
    first, *others = blocks
    for block in others:
        present = {segment.name: segment for segment in first.segments}
        for segment in block.segments:
            if segment.name in present:
                _merge_segments(present[segment.name], segment)
            else:
                first.segments.append(segment)
                segment.block = first
        first.merge_annotations(block)
    return first


def _merge_segments(segment: neo.Segment, other: neo.Segment) -> None:
    alike = {_alike(signal): i for i, signal in enumerate(segment.analogsignals)}
    for signal in other.analogsignals:
        signal.segment = segment
        i = alike.get(_alike(signal))
        if i is None:
            segment.analogsignals.append(signal)
        else:
            segment.analogsignals[i] = segment.analogsignals[i].merge(signal)
    if len(other.spiketrains):
        segment.spiketrains = (
            _joined(segment.spiketrains, other.spiketrains) if len(segment.spiketrains) else (other.spiketrains)
        )
        segment.spiketrains.segment = segment
    segment.merge_annotations(other)


def _alike(signal: neo.AnalogSignal) -> tuple[Any, ...]:
    """What signals have in common that can be merged."""
    return signal.name, signal.dimensionality.string, float(signal.t_start), float(signal.sampling_period), len(signal)


def _joined(some: SpikeTrains, others: SpikeTrains) -> SpikeTrainList:
    if (some.t_start, some.t_stop) != (others.t_start, others.t_stop):
        return SpikeTrainList(items=[*some, *others])
    cells, times = zip(some.multiplexed, others.multiplexed, strict=True)
    return SpikeTrains.from_spike_time_array(
        np.concatenate([part.magnitude for part in times]),
        np.concatenate(cells),
        np.concatenate([some.all_channel_ids, others.all_channel_ids]),
        t_start=some.t_start,
        t_stop=some.t_stop,
        units="ms",
        source_population=_of_each(some, "source_population") + _of_each(others, "source_population"),
        source_index=np.concatenate([_of_each(some, "source_index"), _of_each(others, "source_index")]),
    )


def _of_each(trains: SpikeTrains, annotation: str) -> list[Any]:
    """An annotation of each train, of which the list has one for all or one for each."""
    value = trains._annotations[annotation]
    return [value] * len(trains) if isinstance(value, str) else list(value)
