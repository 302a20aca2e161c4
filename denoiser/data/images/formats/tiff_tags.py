"""The tags and value types of TIFF and EXIF by their names (TIFF 6.0 with its supplements, BigTIFF, EXIF 2.32)."""

from __future__ import annotations

from enum import IntEnum


class Type(IntEnum):
    """The type of a tag's values."""

    BYTE = 1
    ASCII = 2
    SHORT = 3
    LONG = 4
    RATIONAL = 5
    SBYTE = 6
    UNDEFINED = 7
    SSHORT = 8
    SLONG = 9
    SRATIONAL = 10
    FLOAT = 11
    DOUBLE = 12
    IFD = 13
    LONG8 = 16
    SLONG8 = 17
    IFD8 = 18


class PixelTag(IntEnum):
    """Tags of how the pixels are stored: they describe the file that was read, not the picture."""

    NewSubfileType = 254
    SubfileType = 255
    ImageWidth = 256
    ImageLength = 257
    BitsPerSample = 258
    Compression = 259
    PhotometricInterpretation = 262
    Threshholding = 263
    CellWidth = 264
    CellLength = 265
    FillOrder = 266
    StripOffsets = 273
    SamplesPerPixel = 277
    RowsPerStrip = 278
    StripByteCounts = 279
    MinSampleValue = 280
    MaxSampleValue = 281
    PlanarConfiguration = 284
    FreeOffsets = 288
    FreeByteCounts = 289
    GrayResponseUnit = 290
    GrayResponseCurve = 291
    T4Options = 292
    T6Options = 293
    TransferFunction = 301
    Predictor = 317
    ColorMap = 320
    HalftoneHints = 321
    TileWidth = 322
    TileLength = 323
    TileOffsets = 324
    TileByteCounts = 325
    BadFaxLines = 326
    CleanFaxData = 327
    ConsecutiveBadFaxLines = 328
    SubIFDs = 330
    InkSet = 332
    InkNames = 333
    NumberOfInks = 334
    DotRange = 336
    TargetPrinter = 337
    ExtraSamples = 338
    SampleFormat = 339
    SMinSampleValue = 340
    SMaxSampleValue = 341
    TransferRange = 342
    ClipPath = 343
    XClipPathUnits = 344
    YClipPathUnits = 345
    Indexed = 346
    JPEGTables = 347
    OPIProxy = 351
    JPEGProc = 512
    JPEGInterchangeFormat = 513
    JPEGInterchangeFormatLength = 514
    JPEGRestartInterval = 515
    JPEGLosslessPredictors = 517
    JPEGPointTransforms = 518
    JPEGQTables = 519
    JPEGDCTables = 520
    JPEGACTables = 521
    YCbCrCoefficients = 529
    YCbCrSubSampling = 530
    YCbCrPositioning = 531
    ReferenceBlackWhite = 532
    StripRowCounts = 559
    Matteing = 32995
    DataType = 32996
    ImageDepth = 32997
    TileDepth = 32998
    UIC1 = 33628  # MetaMorph's: several pictures in the data of one page
    UIC2 = 33629
    UIC3 = 33630
    UIC4 = 33631
    CZ_LSMINFO = 34412  # Zeiss's: positions of other data in the file
    ImageSourceData = 37724  # Photoshop's layers: the picture before denoising


class ExifTag(IntEnum):
    """Tags that an EXIF block holds in any file format (EXIF 2.32, table 4, and those that Windows writes)."""

    ImageDescription = 270
    Make = 271
    Model = 272
    Orientation = 274
    XResolution = 282
    YResolution = 283
    ResolutionUnit = 296
    Software = 305
    DateTime = 306
    Artist = 315
    HostComputer = 316
    Rating = 18246
    RatingPercent = 18249
    Copyright = 33432
    ExifIFD = 0x8769
    GPSIFD = 0x8825
    XPTitle = 40091
    XPComment = 40092
    XPAuthor = 40093
    XPKeywords = 40094
    XPSubject = 40095


class Tag(IntEnum):
    """Further tags, of TIFF files, of directories inside the EXIF block, and of multi-picture files."""

    PageNumber = 297
    XMP = 700
    IJMetadataByteCounts = 50838
    IJMetadata = 50839
    ICCProfile = 34675
    PixelXDimension = 0xA002
    PixelYDimension = 0xA003
    InteroperabilityIFD = 0xA005
    NumberOfImages = 0xB001
    DNGVersion = 50706
