{
  # For users whose system has no prebuilt binary: node-gyp rebuild --directory node_modules/ancillary/native
  "targets": [{ "target_name": "ancillary", "includes": ["ancillary.gypi"] }]
}
