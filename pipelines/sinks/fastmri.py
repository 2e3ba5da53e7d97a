"""k-space as fastMRI stores it: one HDF5 file per scan, of slices of single-coil k-space and their reconstruction."""

from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
from jaxtyping import Complex64, Float32
from numpy import ndarray
from scipy.fft import fft2, fftshift, ifftshift

from pipelines.sheet import to_ras, to_ras_axes
from pipelines.sinks.folder import FolderSink, unfit
from pipelines.sinks.scans import Scan, scans, weighting
from pipelines.sinks.volumes import volumes
from simdata.image import Image
from simdata.sample import Sample

SOURCE = (
    "The k-space is the two-dimensional Fourier transform of each slice of the magnitude image: its phase is that of a "
    "real, positive object, and noise in it is that of magnitudes (Rician), not complex Gaussian."
)

PROTON_HZ_T = 42.577478518e6
"""Gyromagnetic ratio of the proton over 2 pi, Hz/T. CODATA 2018."""


@dataclass(frozen=True, kw_only=True)
class FastMri(FolderSink):
    """NNNNNN_IMAGE.h5 of every magnetic resonance image: kspace (slices, rows, columns) complex64, reconstruction_esc
    (slices, rows, columns) float32, ismrmrd_header, and attributes as fastMRI's; slices from the feet to the head,
    the front up, the patient's left at the right.

    image = |centred, orthonormal inverse FFT of kspace|, as in fastmri.ifft2c. A dataset holds images, not
    measurements, so k-space is made of the image; the attribute kspace_source says so.
    """

    def write(self, index: int, sample: Sample) -> None:
        resonance = {name: scan for name, scan in scans(sample).items() if scan.modality == "MR"}
        images = volumes(sample, self.images or tuple(resonance)) if resonance else {}
        if not images or not set(images) <= set(resonance):
            wrong = next((name for name in images if name not in resonance), ", ".join(sample.images))
            raise unfit(sample, f"'{wrong}' is no magnetic resonance image", "--images with the names of such")
        for name, image in images.items():
            path = f"{self.folder}/{index:06d}_{name}.h5"
            _write(path, image, resonance[name], f"{index:06d}")


def _write(path: str, image: Image, scan: Scan, patient: str) -> None:
    slices = _slices(image)
    kspace = _kspace(slices)
    with h5py.File(path, "w", libver="latest", track_order=True) as file:
        file.create_dataset("kspace", data=kspace)
        file.create_dataset("reconstruction_esc", data=slices)
        file.create_dataset("ismrmrd_header", data=_header(image, slices.shape, scan))
        about: dict[str, Any] = {
            "acquisition": f"AX{weighting(scan)}",
            "max": float(slices.max()),
            "norm": float(np.linalg.norm(slices)),
            "patient_id": patient,
            "kspace_source": SOURCE,
            "affine": image.grid.affine,
        }
        for name, value in about.items():
            file.attrs[name] = value


def _slices(image: Image) -> Float32[ndarray, "slices rows columns"]:
    """The volume as it hangs: rows from the front to the back, columns from the patient's right to the left."""
    upright = to_ras(image.array, image.grid).astype(np.float32)
    return np.ascontiguousarray(upright[::-1, ::-1].transpose(2, 1, 0))


def _kspace(slices: Float32[ndarray, "s r c"]) -> Complex64[ndarray, "s r c"]:
    """The centred, orthonormal Fourier transform of every slice."""
    return fftshift(fft2(ifftshift(slices, axes=(1, 2)), norm="ortho"), axes=(1, 2)).astype(np.complex64)


def _header(image: Image, shape: tuple[int, ...], scan: Scan) -> str:
    """What fastMRI reads of an ISMRMRD header: matrix and field of view of one slice, and the lines that were taken."""
    _, rows, columns = shape
    dx, dy, dz = to_ras_axes(image.grid.spacing_mm, image.grid)
    space = (
        f"<matrixSize><x>{rows}</x><y>{columns}</y><z>1</z></matrixSize>"
        f"<fieldOfView_mm><x>{rows * dy:g}</x><y>{columns * dx:g}</y><z>{dz:g}</z></fieldOfView_mm>"
    )
    limits = f"<minimum>0</minimum><maximum>{columns - 1}</maximum><center>{columns // 2}</center>"
    return (
        '<?xml version="1.0" encoding="utf-8"?><ismrmrdHeader xmlns="http://www.ismrm.org/ISMRMRD">'
        f"<acquisitionSystemInformation><systemFieldStrength_T>{scan.settings['b0_t']:g}</systemFieldStrength_T>"
        "<receiverChannels>1</receiverChannels></acquisitionSystemInformation>"
        f"<experimentalConditions><H1resonanceFrequency_Hz>{scan.settings['b0_t'] * PROTON_HZ_T:.0f}"
        "</H1resonanceFrequency_Hz></experimentalConditions>"
        f"<encoding><encodedSpace>{space}</encodedSpace><reconSpace>{space}</reconSpace>"
        f"<encodingLimits><kspace_encoding_step_1>{limits}</kspace_encoding_step_1></encodingLimits>"
        "<trajectory>cartesian</trajectory></encoding>"
        f"<sequenceParameters><TR>{scan.settings['tr_ms']:g}</TR><TE>{scan.settings['te_ms']:g}</TE>"
        "</sequenceParameters></ismrmrdHeader>"
    )
